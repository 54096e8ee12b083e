//! Persons and free texts on a command line. What is wrong with one is said without repeating it.

use super::{Failure, Terminal};
use crate::edge::grpc::client::PersonRef;
use musubi_core::id::PersonId;
use musubi_core::time::Day;
use std::path::Path;
use std::str::FromStr;

/// Roles that may stand before a person.
const ROLES: [&str; 4] = ["mother", "child", "guardian", "other"];
/// Longest text that is read from a file, in bytes.
const TEXT_BYTES_MAX: u64 = 64 * 1024;
/// Begins the name of a file.
const FROM_FILE: char = '@';

/// A text, or `@FILE` that holds it.
#[derive(Clone, Debug, Default)]
pub(super) struct FreeText(String);

impl From<String> for FreeText {
    fn from(text: String) -> Self {
        FreeText(text)
    }
}

impl FreeText {
    /// The text itself.
    pub(super) fn read(&self, terminal: &mut Terminal<'_>) -> Result<String, Failure> {
        let Some(file) = self.0.strip_prefix(FROM_FILE) else { return Ok(self.0.clone()) };
        let bytes = terminal.read(Path::new(file), TEXT_BYTES_MAX)?;
        let text = String::from_utf8(bytes).map_err(|_| Failure::Fault(format!("{file}: not UTF-8")))?;
        Ok(text.trim_end().to_owned())
    }
}

/// One person, or `@FILE` with one a line.
#[derive(Clone, Debug)]
pub(super) struct PersonArgument(FreeText);

impl From<String> for PersonArgument {
    fn from(text: String) -> Self {
        PersonArgument(FreeText(text))
    }
}

impl PersonArgument {
    fn all(&self, terminal: &mut Terminal<'_>) -> Result<Vec<PersonRef>, Failure> {
        let text = self.0.read(terminal)?;
        text.lines().filter(|line| !line.trim().is_empty()).map(|line| person(line.trim())).collect()
    }
}

/// The one person of a call.
pub(super) fn one(argument: &PersonArgument, terminal: &mut Terminal<'_>) -> Result<PersonRef, Failure> {
    let mut persons = argument.all(terminal)?;
    match (persons.pop(), persons.is_empty()) {
        (Some(person), true) => Ok(person),
        _ => Err(Failure::Usage("exactly one person is needed / 対象者を1人指定してください".to_owned())),
    }
}

/// All persons of a call, in order.
pub(super) fn all(arguments: &[PersonArgument], terminal: &mut Terminal<'_>) -> Result<Vec<PersonRef>, Failure> {
    let persons: Result<Vec<Vec<PersonRef>>, Failure> =
        arguments.iter().map(|argument| argument.all(terminal)).collect();
    Ok(persons?.concat())
}

fn person(text: &str) -> Result<PersonRef, Failure> {
    let (role, text) = match text.split_once('=') {
        Some((role, rest)) if ROLES.contains(&role) => (role, rest),
        _ => ("", text),
    };
    let role = role.to_owned();
    if PersonId::parse(text).is_some() {
        return Ok(PersonRef { person_id: text.to_owned(), role, ..PersonRef::default() });
    }
    match (text.split_once('#'), text.rsplit_once('@')) {
        (Some((issuer, identifier)), _) if !issuer.is_empty() && !identifier.is_empty() => {
            let (issuer, identifier) = (issuer.to_owned(), identifier.to_owned());
            Ok(PersonRef { issuer, identifier, role, ..PersonRef::default() })
        }
        (None, Some((name, birth_date))) if !name.is_empty() && Day::from_str(birth_date).is_ok() => {
            let (name, birth_date) = (name.to_owned(), birth_date.to_owned());
            Ok(PersonRef { name, birth_date, role, ..PersonRef::default() })
        }
        _ => Err(Failure::Usage(
            "a person is ISSUER#IDENTIFIER, an id, or NAME@YYYY-MM-DD / \
             対象者は「発行者#番号」「ID」「氏名@生年月日」で指定してください"
                .to_owned(),
        )),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;

    #[test]
    fn a_person_is_named_in_three_ways() {
        let key = person("MED-4810700122#00012345").unwrap();
        assert_eq!((key.issuer.as_str(), key.identifier.as_str()), ("MED-4810700122", "00012345"));
        let name = person("エノモト チナツ@1996-05-14").unwrap();
        assert_eq!((name.name.as_str(), name.birth_date.as_str()), ("エノモト チナツ", "1996-05-14"));
        let id = "018f0000-0000-7000-8000-000000000001";
        assert_eq!(person(id).unwrap().person_id, id);
    }

    #[test]
    fn a_role_stands_before_a_person() {
        let child = person("child=MED-4810700122#00067890").unwrap();
        assert_eq!((child.role.as_str(), child.identifier.as_str()), ("child", "00067890"));
    }

    #[test]
    fn what_is_no_person_is_refused_without_repeating_it() {
        for text in ["榎本", "#1", "MED-1#", "榎本@", "榎本@1996-13-01", "@1996-05-14", "uncle=榎本", ""] {
            let Err(Failure::Usage(said)) = person(text) else { panic!("taken: {text}") };
            assert!(!said.contains("榎本"), "{said}");
        }
    }
}
