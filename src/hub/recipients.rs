//! Who can open the backups (S-55). Whoever is put on the list reads everything, and whoever is taken off it cannot restore: one
//! operator proposes either, and another approves it within a day. Each step stands in the hub's own log (S-58).

use super::{Hub, Refusal};
use crate::store::{Change, Recipient, Row, Store, StoreError};
use musubi_core::audit::AuditEntry;
use musubi_core::sealing::RecipientKey;
use musubi_core::time::Time;
use serde::{Deserialize, Serialize};

/// Setting of the store.
const SETTING: &str = "backup recipients";
/// So long a proposal waits for a second operator, in days.
const PROPOSAL_DAYS: i64 = 1;
/// Longest name of a recipient, in characters.
const NAME_CHARS_MAX: usize = 64;

/// The list, and what is proposed to change in it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recipients {
    /// For whom backups are sealed.
    pub listed: Vec<Recipient>,
    /// What waits for a second operator.
    pub proposed: Vec<Proposal>,
}

/// A change that one operator wants.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proposal {
    /// Somebody is added; else taken off.
    pub adds: bool,
    /// Whom it is about.
    pub recipient: Recipient,
    /// The operator.
    pub by: String,
    /// Until when another may approve it, in microseconds since 1970.
    pub until: i64,
}

/// What an operator orders.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RecipientOrder {
    /// To put somebody on the list.
    Add(Recipient),
    /// To take somebody off it.
    Remove(RecipientKey),
    /// To do what another operator proposed about this key.
    Approve(RecipientKey),
}

impl Recipients {
    /// The list of a store.
    ///
    /// # Errors
    /// When the store fails, or holds what was not written by a hub.
    pub async fn read(store: &Store) -> Result<Self, StoreError> {
        let Some(text) = store.setting(SETTING).await? else { return Ok(Recipients::default()) };
        serde_json::from_str(&text).map_err(|_| StoreError::Unavailable { at: SETTING, code: "unreadable".to_owned() })
    }

    fn is_listed(&self, key: RecipientKey) -> bool {
        self.listed.iter().any(|listed| listed.key == key)
    }

    fn propose(&mut self, proposal: Proposal) -> Result<(), Refusal> {
        let Recipient { name, key } = &proposal.recipient;
        let well_named = (1..=NAME_CHARS_MAX).contains(&name.chars().count()) && !name.chars().any(char::is_control);
        if !well_named {
            return Err(ill_named());
        }
        if proposal.adds == self.is_listed(*key) {
            return Err(nothing_to_change());
        }
        self.proposed.retain(|earlier| earlier.recipient.key != *key);
        self.proposed.push(proposal);
        Ok(())
    }

    fn approve(&mut self, key: RecipientKey, by: &str, now: Time) -> Result<Proposal, Refusal> {
        let about = |proposal: &Proposal| proposal.recipient.key == key && now.micros() <= proposal.until;
        let at = self.proposed.iter().position(about).ok_or_else(nothing_proposed)?;
        if self.proposed.get(at).is_some_and(|proposal| proposal.by.eq_ignore_ascii_case(by)) {
            return Err(same_operator());
        }
        let proposal = self.proposed.remove(at);
        if proposal.adds {
            self.listed.push(proposal.recipient.clone());
        } else {
            self.listed.retain(|listed| listed.key != key);
        }
        if self.listed.is_empty() {
            return Err(nobody_left());
        }
        Ok(proposal)
    }
}

impl Hub {
    /// Carries out an order of the operator. `by` is who gave it.
    ///
    /// # Errors
    /// When there is nothing to change or to approve, the same operator approves, or the store fails.
    pub async fn change_recipients(&self, order: RecipientOrder, by: &str) -> Result<(), Refusal> {
        let now = self.now();
        let mut recipients = Recipients::read(&self.store).await?;
        recipients.proposed.retain(|proposal| now.micros() <= proposal.until);
        let propose = |adds, recipient| {
            let until = now.plus_days(PROPOSAL_DAYS).micros();
            Proposal { adds, recipient, by: by.to_owned(), until }
        };
        let (action, key) = match order {
            RecipientOrder::Add(recipient) => {
                let key = recipient.key;
                recipients.propose(propose(true, recipient))?;
                ("propose backup recipient", key)
            }
            RecipientOrder::Remove(key) => {
                let listed = recipients.listed.iter().find(|listed| listed.key == key).cloned();
                recipients.propose(propose(false, listed.ok_or_else(nothing_to_change)?))?;
                ("propose removal of backup recipient", key)
            }
            RecipientOrder::Approve(key) => match recipients.approve(key, by, now)?.adds {
                true => ("add backup recipient", key),
                false => ("remove backup recipient", key),
            },
        };
        let (action, staff_id, note) = (action.to_owned(), by.to_owned(), key.to_string());
        let entry = AuditEntry { time: now.micros(), action, staff_id, note, ..AuditEntry::default() };
        let value = serde_json::to_string(&recipients).map_err(|_| Refusal::kept_changing())?;
        let rows = vec![Row::Setting { name: SETTING.to_owned(), value }];
        let leaves = vec![self.hub_leaf(now, &entry)];
        self.store.commit("change backup recipients", Change { rows, leaves, ..Change::default() }).await?;
        Ok(())
    }
}

fn ill_named() -> Refusal {
    Refusal::invalid(
        "M830",
        "name",
        "受取人の名称は1〜64文字で、改行などの制御文字を含めずに指定してください。",
        "The name of a recipient has 1 to 64 characters and no line breaks.",
    )
}

fn nothing_to_change() -> Refusal {
    Refusal::conflict(
        "M831",
        "recipient",
        "追加なら登録済み、削除なら未登録の鍵です。musubi store recipients list で確かめてください。",
        "To be added it is listed already; to be removed it is not listed. See `musubi store recipients list`.",
    )
}

fn nothing_proposed() -> Refusal {
    Refusal::conflict(
        "M832",
        "recipient",
        "この鍵について24時間以内の提案がありません。もう一度提案してください。",
        "Nothing was proposed about this key within 24 hours. Propose it again.",
    )
}

pub(super) fn same_operator() -> Refusal {
    Refusal::forbidden(
        "M833",
        "by",
        "提案した人は承認できません。別の担当者が承認してください。",
        "Who proposed it cannot approve it; another operator must.",
    )
}

fn nobody_left() -> Refusal {
    Refusal::conflict(
        "M834",
        "recipient",
        "最後の受取人は削除できません。先に別の受取人を追加してください。",
        "The last recipient cannot be removed. Add another first.",
    )
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]
    use super::*;
    use musubi_core::sealing::RecipientSecret;

    const NOW: Time = Time::from_micros(1_000_000);

    fn recipient(byte: u8) -> Recipient {
        Recipient { name: format!("safe {byte}"), key: RecipientSecret::from_random([byte; 32]).key().unwrap() }
    }

    fn proposal(adds: bool, byte: u8) -> Proposal {
        Proposal { adds, recipient: recipient(byte), by: "abe".to_owned(), until: NOW.micros() + 10 }
    }

    fn code(refusal: Refusal) -> String {
        refusal.diagnostics[0].code.to_string()
    }

    #[test]
    fn s55_a_recipient_is_added_by_two_operators_and_by_no_one_alone() {
        let mut recipients = Recipients::default();
        recipients.propose(proposal(true, 1)).unwrap();
        assert!(recipients.listed.is_empty());
        for same in ["abe", "ABE"] {
            assert_eq!(code(recipients.approve(recipient(1).key, same, NOW).unwrap_err()), "M833");
        }
        assert_eq!(code(recipients.approve(recipient(2).key, "baba", NOW).unwrap_err()), "M832");
        recipients.approve(recipient(1).key, "baba", NOW).unwrap();
        assert_eq!((recipients.listed, recipients.proposed), (vec![recipient(1)], Vec::new()));
    }

    #[test]
    fn s58_a_proposal_that_nobody_approved_in_a_day_has_lapsed() {
        let mut recipients = Recipients::default();
        recipients.propose(proposal(true, 1)).unwrap();
        let late = Time::from_micros(NOW.micros() + 11);
        assert_eq!(code(recipients.approve(recipient(1).key, "baba", late).unwrap_err()), "M832");
    }

    #[test]
    fn s55_the_last_recipient_stays_and_what_is_listed_is_not_listed_twice() {
        let mut recipients = Recipients { listed: vec![recipient(1)], proposed: Vec::new() };
        assert_eq!(code(recipients.propose(proposal(true, 1)).unwrap_err()), "M831");
        assert_eq!(code(recipients.propose(proposal(false, 2)).unwrap_err()), "M831");
        recipients.propose(proposal(false, 1)).unwrap();
        assert_eq!(code(recipients.clone().approve(recipient(1).key, "baba", NOW).unwrap_err()), "M834");
        recipients.listed.push(recipient(2));
        recipients.approve(recipient(1).key, "baba", NOW).unwrap();
        assert_eq!(recipients.listed, [recipient(2)]);
    }

    #[test]
    fn a_name_that_would_break_the_note_of_a_backup_is_refused() {
        for name in ["", "a\nb", &"長".repeat(65)] {
            let mut ill = proposal(true, 1);
            ill.recipient.name = (*name).to_owned();
            assert_eq!(code(Recipients::default().propose(ill).unwrap_err()), "M830");
        }
    }
}
