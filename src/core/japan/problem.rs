//! What may be wrong with a Japanese text, date or code: one code and one sentence in both languages for each.

use crate::adapter::{Diagnostic, Severity, Text};
use std::fmt;

/// What is wrong. Knows its code (`JP-E602`) and its sentence, never the value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Problem {
    /// A character set that office files may not use.
    CharsetRefused,
    /// Bytes that are valid in none of the accepted character sets.
    NotDecodable,
    /// In another character set than the declared one; mostly UTF-8 declared as CP932.
    DeclaredOtherwise,
    /// A control character of the C1 range.
    ControlCharacter,
    /// A name character was replaced by the geta mark (〓).
    GetaWritten,
    /// A character that the target character set does not have.
    NotEncodable,
    /// A kana name with something that is not kana.
    NotKana,
    /// A user-defined character (外字), meaningful only to its sender.
    Gaiji,
    /// Other kana for the same name, birth date and sex.
    KanaChanged,
    /// Not a date, or a date without its year.
    NotADate,
    /// A day that the month does not have.
    NoSuchDay,
    /// A year outside its era, converted by counting on.
    EraOutOfRange,
    /// A birth date in the future.
    FutureBirth,
    /// A date of which a part is unknown.
    DatePartial,
    /// A decimal gestational age, which may mean days or tenths of weeks.
    GestationDecimal,
    /// Not a time of day.
    NotATime,
    /// Not a gestational age.
    NotAGestation,
    /// Five digits of a municipality code, completed to six.
    MunicipalityRepaired,
    /// Five digits that can be two municipalities.
    MunicipalityAmbiguous,
    /// Not a municipality code.
    NotAMunicipality,
    /// A municipality code that the list does not hold.
    MunicipalityUnknown,
    /// An insurer number whose check digit is wrong.
    NotAnInsurer,
    /// An institution code whose check digit is wrong.
    NotAnInstitution,
    /// A column for individual numbers.
    MyNumberColumn,
    /// What looks like an individual number.
    MyNumberFound,
    /// A telephone number that cannot be completed.
    PhoneIncomplete,
    /// Not a postal code.
    NotAPostalCode,
    /// Not a sex.
    NotASex,
    /// Not a whole number.
    NotANumber,
    /// Perhaps the same person.
    PerhapsSamePerson,
    /// Perhaps a twin.
    PerhapsTwin,
}

impl Problem {
    /// The code of the specification. `JP-E…` refuses, `JP-Q…` holds for a person, `JP-W…` warns.
    pub const fn code(self) -> &'static str {
        self.row().0
    }

    /// The sentence in both languages.
    pub fn text(self) -> Text {
        let (_, ja, en) = self.row();
        Text::new(ja, en)
    }

    /// How bad it is, as the letter of the code says.
    pub fn severity(self) -> Severity {
        match self.code().as_bytes().get(3) {
            Some(b'E') => Severity::Error,
            Some(b'Q') => Severity::Hold,
            _ => Severity::Warning,
        }
    }

    /// As a diagnostic of the place where it was found.
    pub fn at(self, place: impl Into<String>) -> Diagnostic {
        let (code, ja, en) = self.row();
        Diagnostic::new(self.severity(), code, place, ja, en)
    }

    const fn row(self) -> (&'static str, &'static str, &'static str) {
        use Problem::*;
        match self {
            CharsetRefused | NotDecodable | DeclaredOtherwise | ControlCharacter | GetaWritten | NotEncodable
            | NotKana | Gaiji | KanaChanged => self.text_row(),
            NotADate | NoSuchDay | EraOutOfRange | FutureBirth | DatePartial | GestationDecimal | NotATime
            | NotAGestation => self.date_row(),
            _ => self.code_row(),
        }
    }

    const fn text_row(self) -> (&'static str, &'static str, &'static str) {
        use Problem::*;
        match self {
            CharsetRefused => (
                "JP-E101",
                "この文字コードは受け付けません。UTF-8かShift_JISで保存してください。",
                "This character set is not accepted. Save as UTF-8 or Shift_JIS.",
            ),
            NotDecodable => (
                "JP-E102",
                "文字コードが判定できません。UTF-8かShift_JISで保存してください。",
                "Valid in no accepted character set. Save as UTF-8 or Shift_JIS.",
            ),
            DeclaredOtherwise => (
                "JP-W103",
                "申告と異なる文字コードとして読みました。",
                "Read in another character set than the declared one.",
            ),
            ControlCharacter => (
                "JP-E104",
                "制御文字が含まれています。取り除いてください。",
                "Contains a control character. Remove it.",
            ),
            GetaWritten => (
                "JP-W105",
                "氏名の一部を〓に置き換えました。",
                "A character of the name was replaced by the geta mark.",
            ),
            NotEncodable => (
                "JP-E106",
                "送り先の文字コードで表せない文字があります。",
                "A character does not exist in the recipient's character set.",
            ),
            NotKana => {
                ("JP-W301", "氏名カナにカナ以外の文字があります。", "The kana name holds something other than kana.")
            }
            Gaiji => (
                "JP-W401",
                "外字が含まれています。発行元でのみ意味を持ちます。",
                "Contains user-defined characters, which only their sender can read.",
            ),
            _ => (
                "JP-W501",
                "同じ人の氏名カナが変わりました。更新として扱います。",
                "The kana of the same person changed; taken as an update.",
            ),
        }
    }

    const fn date_row(self) -> (&'static str, &'static str, &'static str) {
        use Problem::*;
        match self {
            NotADate => {
                ("JP-E601", "日付として読めません。年から書いてください。", "Not a date. Write it with its year.")
            }
            NoSuchDay => (
                "JP-E602",
                "存在しない日付です。月と日を確かめてください。",
                "No such day. Check the month and the day.",
            ),
            EraOutOfRange => (
                "JP-W603",
                "元号の範囲を外れた年を西暦に換算しました。",
                "A year outside its era was converted by counting on.",
            ),
            FutureBirth => ("JP-E604", "生年月日が未来の日付です。", "The birth date lies in the future."),
            DatePartial => ("JP-W605", "日付の一部が不明です。", "A part of the date is unknown."),
            GestationDecimal => (
                "JP-Q606",
                "在胎週数の小数が日数かどうか判断できません。",
                "The decimal of the gestational age may not mean days.",
            ),
            NotATime => {
                ("JP-E607", "時刻として読めません。9:30のように書いてください。", "Not a time of day. Write 9:30.")
            }
            _ => (
                "JP-E608",
                "在胎週数として読めません。38週2日のように書いてください。",
                "Not a gestational age. Write 38w2d.",
            ),
        }
    }

    const fn code_row(self) -> (&'static str, &'static str, &'static str) {
        use Problem::*;
        match self {
            MunicipalityRepaired => (
                "JP-W701",
                "5桁の自治体コードに検査数字を補いました。",
                "A check digit was added to a municipality code of five digits.",
            ),
            MunicipalityAmbiguous => (
                "JP-Q702",
                "5桁の自治体コードが二通りに読めます。6桁で書いてください。",
                "These five digits can be two municipalities. Write six digits.",
            ),
            NotAMunicipality => (
                "JP-E703",
                "自治体コードが正しくありません。6桁で書いてください。",
                "Not a municipality code. Write six digits.",
            ),
            MunicipalityUnknown => {
                ("JP-W704", "一覧にない自治体コードです。", "The list does not hold this municipality code.")
            }
            NotAnInsurer => {
                ("JP-E704", "保険者番号の検査数字が合いません。", "The check digit of the insurer number is wrong.")
            }
            NotAnInstitution => (
                "JP-E705",
                "医療機関コードの検査数字が合いません。",
                "The check digit of the institution code is wrong.",
            ),
            MyNumberColumn => (
                "JP-E720",
                "個人番号の列があるため受け取れません。列を除いて送り直してください。",
                "Refused: there is a column of individual numbers. Remove it and send again.",
            ),
            MyNumberFound => (
                "JP-E721",
                "個人番号とみられる数字があるため受け取れません。除いて送り直してください。",
                "Refused: holds what looks like an individual number. Remove it and send again.",
            ),
            PhoneIncomplete => (
                "JP-W730",
                "電話番号が読み取れません。市外局番から書いてください。",
                "The telephone number is incomplete. Write it with its area code.",
            ),
            NotAPostalCode => {
                ("JP-W731", "郵便番号が7桁ではありません。", "The postal code does not have seven digits.")
            }
            NotASex => ("JP-W732", "性別として読めません。", "Not a sex."),
            NotANumber => ("JP-E740", "整数として読めません。", "Not a whole number."),
            PerhapsSamePerson => {
                ("JP-Q801", "同じ人かどうか確認が必要です。", "Perhaps the same person; someone must decide.")
            }
            _ => ("JP-Q802", "多胎児の取り違えがないか確認が必要です。", "Perhaps a twin; someone must decide."),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (code, ja, en) = self.row();
        write!(f, "{code} {ja} / {en}")
    }
}

impl std::error::Error for Problem {}

/// What was read, and what someone should know about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Read<T> {
    /// What was read.
    pub value: T,
    /// Warnings, in the order in which they arose.
    pub warnings: Vec<Problem>,
}

impl<T> Read<T> {
    /// Without a warning.
    pub fn clean(value: T) -> Self {
        Read { value, warnings: Vec::new() }
    }

    /// With one warning.
    pub fn warned(value: T, problem: Problem) -> Self {
        Read { value, warnings: vec![problem] }
    }

    /// The same warnings, another value.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Read<U> {
        Read { value: change(self.value), warnings: self.warnings }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_letter_of_a_code_is_its_severity() {
        assert_eq!(Problem::NoSuchDay.severity(), Severity::Error);
        assert_eq!(Problem::PerhapsTwin.severity(), Severity::Hold);
        assert_eq!(Problem::DatePartial.severity(), Severity::Warning);
        assert_eq!(Problem::MyNumberColumn.at("row 1, 備考").code, "JP-E720");
    }

    #[test]
    fn every_problem_has_its_own_code() {
        use Problem::*;
        let all = [
            CharsetRefused,
            NotDecodable,
            DeclaredOtherwise,
            ControlCharacter,
            GetaWritten,
            NotEncodable,
            NotKana,
            Gaiji,
            KanaChanged,
            NotADate,
            NoSuchDay,
            EraOutOfRange,
            FutureBirth,
            DatePartial,
            GestationDecimal,
            NotATime,
            NotAGestation,
            MunicipalityRepaired,
            MunicipalityAmbiguous,
            NotAMunicipality,
            MunicipalityUnknown,
            NotAnInsurer,
            NotAnInstitution,
            MyNumberColumn,
            MyNumberFound,
            PhoneIncomplete,
            NotAPostalCode,
            NotASex,
            NotANumber,
            PerhapsSamePerson,
            PerhapsTwin,
        ];
        let codes: std::collections::BTreeSet<_> = all.iter().map(|problem| problem.code()).collect();
        assert_eq!(codes.len(), all.len());
    }
}
