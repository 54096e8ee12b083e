//! Whole numbers as text, without the machinery that formats any value: places, dates and keys are written by the thousand.

/// Adds as many digits as the number has.
pub(crate) fn push_number(number: usize, text: &mut String) {
    if number > 9 {
        push_number(number / 10, text);
    }
    text.push(digit(number));
}

/// Adds the last two digits of a number: a month, an hour.
pub(crate) fn push_two(number: usize, text: &mut String) {
    text.push(digit(number / 10));
    text.push(digit(number));
}

fn digit(number: usize) -> char {
    u8::try_from(number % 10).map_or('0', |digit| char::from(b'0' + digit))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_number_is_written_as_the_library_would(number: usize, small in 0..100_usize) {
            let (mut whole, mut two) = (String::new(), String::new());
            push_number(number, &mut whole);
            push_two(small, &mut two);
            prop_assert_eq!((whole, two), (number.to_string(), format!("{small:02}")));
        }
    }
}
