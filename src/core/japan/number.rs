//! Whole numbers as people type them.

use super::dates::fold_hyphen;
use super::problem::Problem;
use unicode_normalization::UnicodeNormalization;

/// Reads a whole number: `2500`, `２，５００`, `￥2,500`, `2,500円`, `2,760 g`, `-3`.
///
/// `units` are the words that may stand behind it (`円`, `g`, `回`); the yen sign may stand before it.
///
/// # Errors
/// [`Problem::NotANumber`] for decimals, wrong groups of thousands and anything else.
pub fn whole_number(text: &str, units: &[&str]) -> Result<i64, Problem> {
    let text: String = text.nfkc().filter(|letter| !letter.is_whitespace()).map(fold_hyphen).collect();
    let units = units.iter().map(|unit| unit.nfkc().collect::<String>());
    let text = units
        .filter(|unit| !unit.is_empty())
        .find_map(|unit| text.strip_suffix(&unit).map(str::to_owned))
        .unwrap_or(text);
    let text = text.strip_prefix(['¥', '\\']).unwrap_or(&text);
    let (sign, digits) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
    let digits = digits.strip_prefix(['¥', '\\']).unwrap_or(digits);
    let mut groups = digits.split(',').enumerate();
    let grouped = digits.contains(',');
    let right = groups.all(|(at, group)| {
        let length = if !grouped {
            1..=18
        } else if at == 0 {
            1..=3
        } else {
            3..=3
        };
        length.contains(&group.len()) && group.bytes().all(|byte| byte.is_ascii_digit())
    });
    let number = digits.replace(',', "").parse::<i64>().ok().filter(|_| right).ok_or(Problem::NotANumber)?;
    Ok(sign * number)
}

/// Reads an amount of money in whole yen.
///
/// # Errors
/// As [`whole_number`].
pub fn yen(text: &str) -> Result<i64, Problem> {
    whole_number(text, &["円也", "円", "-"])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn money_is_read_as_people_type_it() {
        let cases = [
            ("￥2,500", 2500),
            ("2,500円", 2500),
            ("２，５００円", 2500),
            ("¥2500-", 2500),
            ("\\2,500", 2500),
            ("2 500", 2500),
            ("0", 0),
            ("-1,000", -1000),
        ];
        for (text, amount) in cases {
            assert_eq!(yen(text), Ok(amount), "{text}");
        }
        for text in ["△1", "2.5", "2,50", "2,5000", ",500", "", "円", "--1", "1,000,", "9999999999999999999", "二千円"]
        {
            assert_eq!(yen(text), Err(Problem::NotANumber), "{text}");
        }
    }

    #[test]
    fn a_unit_may_stand_behind_a_number() {
        assert_eq!(whole_number("２，７６０ｇ", &["g", "グラム"]), Ok(2760));
        assert_eq!(whole_number("2760 グラム", &["g", "グラム"]), Ok(2760));
        assert_eq!(whole_number("2760kg", &["g", "グラム"]), Err(Problem::NotANumber));
    }

    proptest! {
        #[test]
        fn no_text_stops_the_number_reader(text in "\\PC*") {
            let _ = yen(&text);
        }

        #[test]
        fn every_number_is_read_with_and_without_groups(number in -999_999_999_i64..999_999_999) {
            assert_eq!(yen(&number.to_string()), Ok(number));
        }
    }
}
