//! The weeks of the demo's story as the people live them, in a real browser, with the mouse and the keyboard; and whether
//! everybody can use every page.

mod december;
mod november;
mod october;

use crate::chromium::{Chromium, OFFICE, Pane, TELEPHONE};
use crate::city::City;
use musubi::console::{Method, ROUTES};
use musubi_core::wire::agency_side::Draft;
use std::path::{Path, PathBuf};

/// The city, and the browser in which its people work.
struct Window {
    city: City,
    chromium: Chromium,
}

impl Window {
    /// Somebody comes to work at that time: a session of the day before has ended.
    async fn at(&self, time: &str, staff: &str) -> Pane {
        self.city.set(time);
        self.chromium.signed_in(OFFICE, staff).await
    }

    /// Writes a file to hand in.
    fn file(&self, name: &str, content: &[u8]) -> PathBuf {
        let file = self.city.folder.path().join(name);
        std::fs::write(&file, content).unwrap();
        file
    }
}

impl Pane {
    /// Shows who one is, where a page asks for it.
    async fn is_me(&self) {
        self.sees("本人であることをもう一度確かめます").await;
        self.press("本人です").await;
    }

    /// Hands in a file.
    async fn hands_in(&self, file: &Path) {
        self.open("/upload").await;
        self.choose_file("ファイル(CSV・Excel)", file).await;
        self.press("提出する").await;
    }

    /// The same, with the file dragged from the desktop.
    async fn drags_in(&self, file: &Path) {
        self.open("/upload").await;
        self.drop_file("ファイル(CSV・Excel)", file).await;
        self.watch_the_bar().await;
        self.press("提出する").await;
        assert_eq!(self.bar_moved().await, 100.0);
    }
}

#[tokio::test]
async fn the_weeks_of_the_story_are_lived_through_in_a_browser() {
    let city = City::at("2026-04-06T10:00:00+09:00").await;
    let Some(chromium) = city.chromium().await else { return };
    let window = Window { city, chromium };
    window.notified().await;
    window.she_signs().await;
    window.the_hospital_sends_three().await;
    window.the_two_week_check().await;
    window.five_visits().await;
    window.plan_approval_and_referral().await;
    window.a_call_at_night().await;
    window.a_request_and_its_answer().await;
    window.the_first_stay().await;
    window.she_withdraws().await;
    window.the_second_stay().await;
    window.the_eighth_day().await;
    window.the_auditor_comes().await;
    window.everybody_can_use_every_page().await;
}

impl Window {
    /// 榎本 notified her pregnancy in April.
    async fn notified(&self) {
        let subject = serde_json::json!([{"role": "MOTHER", "issuer": "482072", "identifier": "K0100101"}]);
        let born = serde_json::json!({"year": 1996, "month": 5, "day": 14});
        let notified = serde_json::json!({"year": 2026, "month": 4, "day": 6});
        let name = |representation: &str, family: &str, given: &str| {
            let text = format!("{family} {given}");
            serde_json::json!({"representation": representation, "use": "LEGAL", "text": text, "family": family, "given": given})
        };
        let names = [name("IDEOGRAPHIC", "榎本", "千夏"), name("PHONETIC", "エノモト", "チナツ")];
        let details = serde_json::json!({"names": names, "birthDate": born, "sex": "FEMALE"});
        let notification = serde_json::json!({"notifiedOn": notified, "gestationDays": 67});
        let entries = serde_json::json!([
            {"sourceKey": "person", "subjects": subject, "personDetails": details},
            {"sourceKey": "n", "subjects": subject, "occurredAt": {"date": notified}, "pregnancyNotification": notification},
        ]);
        let message =
            serde_json::json!({"format": "grpc", "messageId": "n-1", "municipality": "482072", "entries": entries});
        let draft = Draft::from_json(&message.to_string()).unwrap();
        self.city.agency(musubi::sample_city::HEALTH_CENTER).intake().submit(draft).await.unwrap();
    }

    async fn everybody_can_use_every_page(&self) {
        for staff in ["ooba", "hayakawa", "w-0412", "nogami"] {
            let pane = self.at("2026-12-02T15:30:00+09:00", staff).await;
            for route in ROUTES.iter().filter(|route| route.method == Method::Get && route.menu.is_some()) {
                pane.open(route.path).await;
                pane.is_for_everybody().await;
            }
        }
        let nurse = self.chromium.signed_in(TELEPHONE, "ooba").await;
        nurse.open("/roster").await;
        nurse.shot("roster-phone", TELEPHONE, 844).await;
        nurse.press("榎本").await;
        nurse.is_for_everybody().await;
        for page in ["同意・措置", "サポートプラン・申請", "連携を依頼する"] {
            nurse.press(page).await;
            nurse.is_for_everybody().await;
            nurse.open("/roster").await;
            nurse.press("榎本").await;
        }
    }
}
