//! What has waited too long for a destination (S-88).

use super::alarms::{Alarm, Condition};
use super::{Hub, Refusal};
use musubi_core::adapter::Text;
use musubi_core::id::Municipality;
use std::collections::BTreeMap;

/// Minutes after which somebody must know that a destination does not take, or does not fetch, what waits for it, where its
/// settings say nothing else.
pub const LATE_MINUTES: u32 = 60;

impl Hub {
    /// Asks about each destination whose oldest delivery has waited too long, once, and closes the question when it has not.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn look_after_late(&self) -> Result<(), Refusal> {
        let late = Alarm {
            kind: "delivery_late",
            code: "DELIVERY_LATE",
            act: "delivery late",
            text: Text::new(
                "決められた時間を過ぎても{about}に届いていないものがあります。届け先の状態を確かめ、急ぐ内容は電話などで\
                 伝えてください。",
                "Something has waited for {about} for longer than it may. Look at the destination, and tell by telephone \
                 what cannot wait.",
            ),
        };
        self.keep_asking(&late, &self.late().await?).await
    }

    /// The destinations that are late.
    async fn late(&self) -> Result<BTreeMap<Condition, Municipality>, Refusal> {
        let (now, mut late) = (self.now(), BTreeMap::new());
        for row in self.store.oldest_undelivered().await? {
            let recipient = self.register.agency(&row.recipient);
            let most = recipient.and_then(|agency| agency.settings.late_minutes).unwrap_or(LATE_MINUTES);
            if now.minutes_since(row.created_at) >= i64::from(most) {
                let owner = self.answers_for(&row.municipality, &row.recipient);
                late.insert((owner, row.recipient.to_string()), row.municipality);
            }
        }
        Ok(late)
    }
}
