//! Whether the hub may decide by its policy at all: one that opens more than the last needs the signatures of two officers (S-43).

use super::StartError;
use crate::config::{Config, Mode, signature_file};
use crate::hub::policies::Last;
use crate::store::Store;
use musubi_core::consent::widening::{Office, Succession, opening};
use musubi_core::reviewed::Reviewed;
use std::fmt::Write;

/// Says what changes, and refuses what opens without its signatures. A development hub says so and goes on.
///
/// # Errors
/// When the policy opens more than the one of the last start, or that one cannot be compared, and a signature is wanting.
pub(super) async fn may_succeed(config: &Config, store: &Store, new: &Reviewed) -> Result<(), StartError> {
    let (succession, opened) = match Last::read(store).await? {
        Last::None => return Ok(()),
        Last::Known(old) if old.shows_the_same(new) => return Ok(()),
        Last::Known(old) => {
            let changes = old.shown_otherwise(new);
            for change in &changes {
                tracing::warn!(%change, "the policy is another than that of the last start");
            }
            let opened = opening(&changes).map(ToString::to_string).collect();
            (Some(Succession::new(&old, new)), opened)
        }
        Last::Unknown => {
            (None, vec!["the policy of the last start is not on file / 前回の要綱がありません".to_owned()])
        }
    };
    if opened.is_empty() {
        return Ok(());
    }
    let unsigned = unsigned(config, succession);
    if unsigned.is_empty() || config.hub.mode == Mode::Development {
        tracing::warn!(opened = opened.len(), unsigned = unsigned.len(), "a policy that opens more is taken");
        return Ok(());
    }
    Err(StartError::Wider(said(&opened, &unsigned)))
}

/// The offices whose signature of this change does not stand beside the files.
fn unsigned(config: &Config, succession: Option<Succession>) -> Vec<Office> {
    let folder = config.policy.folder.as_ref().unwrap_or(&config.data.folder);
    let signed = |office: &Office| {
        let note = std::fs::read_to_string(signature_file(folder, *office)).unwrap_or_default();
        let key = config.policy.key_of(*office);
        succession.zip(key).is_some_and(|(succession, key)| succession.is_signed(&note, &key))
    };
    Office::ALL.iter().copied().filter(|office| !signed(office)).collect()
}

fn said(opened: &[String], unsigned: &[Office]) -> String {
    let mut text = "this policy opens more than the last one / 前回より開示が広がる要綱です".to_owned();
    for change in opened {
        write!(text, "\n  {change}").ok();
    }
    for office in unsigned {
        write!(
            text,
            "\n  no signature of the {office} officer: `musubi policy sign NEW --as {office} --key FILE --against OLD` / \
             {office} の署名がありません"
        )
        .ok();
    }
    text
}
