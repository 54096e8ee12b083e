//! One row, read cell by cell: each reading either gives a value or notes what is wrong, with row and column.

use super::damage::{is_fault, is_rounded, mended};
use super::header::{Header, Slot, name_of};
use super::layout::{Column, Layout};
use musubi_core::adapter::{Diagnostic, Severity};
use musubi_core::japan::PartialDate;
use musubi_core::japan::dates::{self, Serials};
use musubi_core::japan::problem::{Problem, Read};
use musubi_core::japan::times::{self, Moment};
use musubi_core::japan::{my_number, number};
use unicode_normalization::UnicodeNormalization;

/// A weight below this was written in kilograms (`formats/public_health.md` section 7).
const KILOGRAMS_BELOW: f64 = 10.0;
/// Weights in grams that an infant can have.
const GRAMS: std::ops::RangeInclusive<f64> = 200.0..=20_000.0;

/// A column by its key; for a repeated group with the group's key and number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct At<'a> {
    group: Option<(&'a str, u32)>,
    key: &'a str,
}

impl<'a> At<'a> {
    /// A member of a repeated group.
    pub const fn member(group: &'a str, number: u32, key: &'a str) -> Self {
        At { group: Some((group, number)), key }
    }
}

impl<'a> From<&'a str> for At<'a> {
    fn from(key: &'a str) -> Self {
        At { group: None, key }
    }
}

/// One row and what was found wrong with it.
#[derive(Debug)]
pub struct RowReader<'a> {
    layout: &'a Layout,
    header: &'a Header,
    cells: &'a [String],
    number: u32,
    found: Vec<Diagnostic>,
}

impl<'a> RowReader<'a> {
    pub(super) fn new(layout: &'a Layout, header: &'a Header, cells: &'a [String], number: u32) -> Self {
        RowReader { layout, header, cells, number, found: Vec::new() }
    }

    /// Its number, from 1 for the first below the header.
    pub fn number(&self) -> u32 {
        self.number
    }

    pub(super) fn cells(&self) -> &'a [String] {
        self.cells
    }

    /// Has it as many cells as the header?
    pub fn is_aligned(&self) -> bool {
        self.cells.len() == self.header.slots.len()
    }

    /// `row 12`.
    pub fn place(&self) -> String {
        format!("row {}", self.number)
    }

    /// `row 12, 体重`.
    pub fn place_of<'k>(&self, at: impl Into<At<'k>>) -> String {
        let at = at.into();
        let name = self.slot(at).map_or_else(|| at.key.to_owned(), |slot| name_of(self.layout, slot));
        format!("row {}, {name}", self.number)
    }

    /// Notes something wrong with a column.
    pub fn refuse<'k>(&mut self, at: impl Into<At<'k>>, code: &'static str, ja: &'static str, en: &'static str) {
        let place = self.place_of(at);
        self.found.push(Diagnostic::error(code, place, ja, en));
    }

    /// Notes something worth a warning.
    pub fn warn<'k>(&mut self, at: impl Into<At<'k>>, code: &'static str, ja: &'static str, en: &'static str) {
        let place = self.place_of(at);
        self.found.push(Diagnostic::warning(code, place, ja, en));
    }

    /// Adds what another check found.
    pub fn note(&mut self, diagnostic: Diagnostic) {
        self.found.push(diagnostic);
    }

    /// Is anything wrong that refuses the row?
    pub fn is_refused(&self) -> bool {
        self.found.iter().any(|found| found.severity == Severity::Error)
    }

    pub(super) fn into_found(self) -> Vec<Diagnostic> {
        self.found
    }

    /// The cell as it was received, mended; `None` when it is blank or the column absent.
    pub fn raw<'k>(&self, at: impl Into<At<'k>>) -> Option<&'a str> {
        let index = self.header.index(self.slot(at.into())?)?;
        let cell = mended(self.cells.get(index)?);
        (!cell.trim().is_empty()).then_some(cell)
    }

    /// Refuses the row when the cell is blank.
    pub fn require<'k>(&mut self, at: impl Into<At<'k>>) {
        let at = at.into();
        if self.raw(at).is_none() {
            self.refuse(at, "PH-E011", "必須の項目が空欄です。", "A required value is blank.");
        }
    }

    /// The flag that a person is not to be disclosed (不開示): beside it no cell may say where they are.
    pub fn not_disclosed(&mut self, key: &str, whereabouts: &[&str]) -> Option<bool> {
        let flag = self.flag(key);
        if self.raw(key).is_some() && flag.is_none() {
            self.refuse(key, "PH-E009", "1か0で書いてください。", "Write 1 or 0.");
        }
        for place in whereabouts.iter().filter(|_| flag == Some(true)) {
            if self.raw(*place).is_some() {
                self.refuse(
                    *place,
                    "PH-E010",
                    "不開示フラグが1のときは空欄にしてください。",
                    "Must be blank when the person is not to be disclosed.",
                );
            }
        }
        flag
    }

    /// The cell without the spaces around it; empty when it is blank.
    pub fn text<'k>(&self, at: impl Into<At<'k>>) -> String {
        self.raw(at).unwrap_or("").trim().to_owned()
    }

    /// The cell's text, refused when it has more characters than this (half-width marks count with their letter).
    pub fn text_up_to<'k>(&mut self, at: impl Into<At<'k>>, most: usize) -> String {
        let at = at.into();
        let text = self.text(at);
        if text.nfkc().count() > most {
            self.refuse(
                at,
                "PH-E012",
                "文字数の上限を超えています。短くしてください。",
                "Longer than the column allows. Shorten it.",
            );
        }
        text
    }

    /// Numbers of a repeated group that hold something in this row, in order.
    pub fn numbers(&self, group: &str) -> Vec<u32> {
        let Some(position) = self.layout.groups.iter().position(|known| known.key == group) else { return Vec::new() };
        let members = self.layout.groups.get(position).map_or(&[][..], |group| group.members);
        let filled =
            |number: &u32| members.iter().any(|member| self.raw(At::member(group, *number, member.key)).is_some());
        self.header.numbers(position).into_iter().filter(filled).collect()
    }

    /// A date, as offices write one.
    pub fn date<'k>(&mut self, at: impl Into<At<'k>>) -> Option<PartialDate> {
        self.reading(at.into(), |cell| dates::date(cell, Serials::From1900))
    }

    /// A date and time.
    pub fn moment<'k>(&mut self, at: impl Into<At<'k>>) -> Option<Moment> {
        self.reading(at.into(), |cell| times::date_time(cell, Serials::From1900))
    }

    /// A date and time of which the time must be known.
    pub fn clock<'k>(&mut self, at: impl Into<At<'k>>) -> Option<Moment> {
        let at = at.into();
        let moment = self.moment(at)?;
        if moment.time().is_none() {
            let place = self.place_of(at);
            self.found.push(Problem::NotATime.at(place));
        }
        moment.time().map(|_| moment)
    }

    /// A birth date, not after today.
    pub fn birth_date<'k>(&mut self, at: impl Into<At<'k>>, today: musubi_core::time::Day) -> Option<PartialDate> {
        self.reading(at.into(), |cell| dates::birth_date(cell, Serials::From1900, today))
    }

    /// A whole number that is not negative, perhaps with a unit behind it.
    pub fn count<'k>(&mut self, at: impl Into<At<'k>>, units: &[&str]) -> Option<i32> {
        self.reading(at.into(), |cell| {
            let number = number::whole_number(cell, units)?;
            i32::try_from(number).ok().filter(|number| *number >= 0).map(Read::clean).ok_or(Problem::NotANumber)
        })
    }

    /// Two whole numbers with a slash between them: `118/72`.
    pub fn pair<'k>(&mut self, at: impl Into<At<'k>>, units: &[&str]) -> Option<(i32, i32)> {
        self.reading(at.into(), |cell| {
            let cell: String = cell.nfkc().collect();
            let number = |part: &str| {
                let number = number::whole_number(part, units)?;
                i32::try_from(number).ok().filter(|number| *number >= 0).ok_or(Problem::NotANumber)
            };
            let (first, second) = cell.split_once('/').ok_or(Problem::NotANumber)?;
            Ok(Read::clean((number(first)?, number(second)?)))
        })
    }

    /// An amount in whole yen.
    pub fn yen<'k>(&mut self, at: impl Into<At<'k>>) -> Option<i32> {
        let at = at.into();
        let cell = self.raw(at)?;
        let amount = number::yen(cell).ok().and_then(|yen| i32::try_from(yen).ok()).filter(|yen| *yen >= 0);
        if amount.is_none() {
            self.refuse(at, "PV-E010", "金額が円単位の整数ではありません。", "Not an amount in whole yen.");
        }
        amount
    }

    /// A decimal number as text, the digits behind its point kept: `36.60` stays so, `2,760g` becomes `2760`.
    pub fn decimal<'k>(&mut self, at: impl Into<At<'k>>, units: &[&str]) -> Option<String> {
        self.reading(at.into(), |cell| decimal(cell, units).map(Read::clean))
    }

    /// A child's weight in grams. What can only be kilograms is taken as such, with a warning.
    pub fn grams<'k>(&mut self, at: impl Into<At<'k>>) -> Option<String> {
        let at = at.into();
        let text = self.decimal(at, &["グラム", "g"])?;
        let number: f64 = text.parse().ok()?;
        let kilograms = number < KILOGRAMS_BELOW;
        let grams = if kilograms { number * 1000.0 } else { number };
        if !GRAMS.contains(&grams) {
            self.refuse(
                at,
                "PH-E403",
                "体重がありえない値です。グラムで書いてください。",
                "Not a possible weight. Write grams.",
            );
            return None;
        }
        if !kilograms {
            return Some(text);
        }
        self.warn(at, "PH-W402", "キログラムとみて1000倍しました。", "Taken as kilograms and multiplied by 1000.");
        Some(format!("{grams:.0}"))
    }

    /// What the code of a coded column means.
    pub fn code<'k, T: Copy>(&mut self, at: impl Into<At<'k>>, codes: &[(i32, T)]) -> Option<T> {
        let at = at.into();
        let number = self.count(at, &[])?;
        let found = codes.iter().find(|(code, _)| *code == number).map(|(_, meaning)| *meaning);
        if found.is_none() {
            self.refuse(
                at,
                "PH-E009",
                "この列にないコードです。コード表を確かめてください。",
                "Not one of the codes of this column.",
            );
        }
        found
    }

    /// Several codes in one cell, separated by a comma, a slash, a middle dot or a space.
    pub fn codes<'k, T: Copy>(&mut self, at: impl Into<At<'k>>, codes: &[(i32, T)]) -> Vec<T> {
        let at = at.into();
        let Some(cell) = self.raw(at) else { return Vec::new() };
        let folded: String = cell.nfkc().collect();
        let pieces = folded.split([',', '、', '/', '・', ';', ' ', '\n', '･']).filter(|piece| !piece.is_empty());
        let numbers: Option<Vec<T>> = pieces
            .map(|piece| {
                let number: i32 = piece.parse().ok()?;
                codes.iter().find(|(code, _)| *code == number).map(|(_, meaning)| *meaning)
            })
            .collect();
        numbers.unwrap_or_else(|| {
            self.refuse(
                at,
                "PH-E009",
                "この列にないコードです。コード表を確かめてください。",
                "Not one of the codes of this column.",
            );
            Vec::new()
        })
    }

    /// Yes or no in the forms that offices use; blank and `－` are neither.
    pub fn flag<'k>(&mut self, at: impl Into<At<'k>>) -> Option<bool> {
        let at = at.into();
        let text: String = self.raw(at)?.nfkc().filter(|letter| !letter.is_whitespace()).collect();
        match text.as_str() {
            "1" | "有" | "あり" | "○" | "〇" | "◯" | "はい" => Some(true),
            "0" | "無" | "なし" | "×" | "✕" | "いいえ" => Some(false),
            "-" | "―" | "ー" | "−" | "‐" => None,
            _ => {
                self.refuse(at, "PH-E009", "1か0、有か無で書いてください。", "Write 1 or 0, or 有 or 無.");
                None
            }
        }
    }

    fn reading<T>(&mut self, at: At<'_>, read: impl FnOnce(&str) -> Result<Read<T>, Problem>) -> Option<T> {
        let cell = self.raw(at)?;
        match read(cell) {
            Ok(read) => {
                let place = self.place_of(at);
                self.found.extend(read.warnings.iter().map(|problem| problem.at(place.clone())));
                Some(read.value)
            }
            Err(problem) => {
                let place = self.place_of(at);
                self.found.push(problem.at(place));
                None
            }
        }
    }

    /// What every row must be, whatever its layout: no individual number, the right number of cells, what is required.
    /// False when the cells do not stand under their headers; then reading them says nothing.
    pub(super) fn check_row(&mut self, twelve_digit_columns: &[String]) -> bool {
        self.check_individual_numbers(twelve_digit_columns);
        if !self.is_aligned() {
            let place = self.place();
            self.found.push(Diagnostic::error(
                "PH-E005",
                place,
                "列の数が見出しと違います。",
                "The row has another number of cells than the header.",
            ));
            return false;
        }
        for column in self.layout.columns.iter().filter(|column| column.required) {
            self.require(column.key);
        }
        self.check_faults();
        for slot in &self.header.slots {
            let rounded = self.column(*slot).is_some_and(|column| column.identifier)
                && self
                    .header
                    .index(*slot)
                    .and_then(|index| self.cells.get(index))
                    .is_some_and(|cell| is_rounded(cell));
            if rounded {
                self.found.push(Diagnostic::error(
                    "PH-E006",
                    format!("row {}, {}", self.number, name_of(self.layout, *slot)),
                    "番号が表計算ソフトで丸められています。元の番号を文字列として入れ直してください。",
                    "The identifier was rounded by a spreadsheet. Enter it again as text.",
                ));
            }
        }
        true
    }

    fn check_faults(&mut self) {
        for (slot, cell) in self.header.slots.iter().zip(self.cells) {
            if self.column(*slot).is_some() && is_fault(cell) {
                self.found.push(Diagnostic::error(
                    "PH-E016",
                    format!("row {}, {}", self.number, name_of(self.layout, *slot)),
                    "表計算ソフトの誤り(#REF!、####など)が入っています。元の値を入れ直してください。",
                    "A fault of the spreadsheet (#REF!, ####) stands there. Enter the value itself.",
                ));
            }
        }
    }

    fn check_individual_numbers(&mut self, twelve_digit_columns: &[String]) {
        for (index, cell) in self.cells.iter().enumerate() {
            let slot = self.header.slots.get(index).copied().unwrap_or(Slot::Unknown);
            let declared = self.column(slot).is_some_and(|column| {
                column.identifier && twelve_digit_columns.iter().any(|name| name == column.name || name == column.key)
            });
            if !declared && my_number::contains(cell) {
                let place = match slot {
                    Slot::Unknown | Slot::IndividualNumber => format!("row {}, column {}", self.number, index + 1),
                    _ => format!("row {}, {}", self.number, name_of(self.layout, slot)),
                };
                self.found.push(Problem::MyNumberFound.at(place));
            }
        }
    }

    fn column(&self, slot: Slot) -> Option<&'static Column> {
        match slot {
            Slot::Column(position) => self.layout.columns.get(position),
            Slot::Member(group, _, member) => self.layout.groups.get(group)?.members.get(member),
            Slot::Unknown | Slot::IndividualNumber => None,
        }
    }

    fn slot(&self, at: At<'_>) -> Option<Slot> {
        match at.group {
            None => self.layout.columns.iter().position(|column| column.key == at.key).map(Slot::Column),
            Some((key, number)) => {
                let group = self.layout.groups.iter().position(|group| group.key == key)?;
                let member = self.layout.groups.get(group)?.members.iter().position(|column| column.key == at.key)?;
                Some(Slot::Member(group, number, member))
            }
        }
    }
}

fn decimal(cell: &str, units: &[&str]) -> Result<String, Problem> {
    if let Ok(whole) = number::whole_number(cell, units) {
        return if whole >= 0 { Ok(whole.to_string()) } else { Err(Problem::NotANumber) };
    }
    let text: String = cell.nfkc().filter(|letter| !letter.is_whitespace()).collect();
    let mut units = units.iter().map(|unit| unit.nfkc().collect::<String>());
    let text = units.find_map(|unit| text.strip_suffix(unit.as_str())).unwrap_or(&text);
    let digits = |part: &str| (1..=9).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
    let right = text.split_once('.').is_some_and(|(whole, part)| digits(whole) && digits(part));
    if right { Ok(text.to_owned()) } else { Err(Problem::NotANumber) }
}
