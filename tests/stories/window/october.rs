//! Rows 4 and 5: she signs, and the hospital's notices reach the nurse.

use super::Window;
use crate::city::{MOTHER, NEWBORN};
use musubi::sample_city as sample;

const OWN_EPDS: &[u8] = include_bytes!("../../../adapters/hospital/hl7v2/samples/shione_r01_epds_own.hl7");

impl Window {
    /// Row 4: two forms, herself and the child; her state of mind is not named.
    pub(super) async fn she_signs(&self) {
        let nurse = self.at("2026-10-28T10:00:00+09:00", "ooba").await;
        nurse.open("/roster").await;
        nurse.sees("榎本").await;
        nurse.press("榎本").await;
        nurse.press("同意・措置").await;
        nurse.press("同意書を印刷する").await;
        nurse.says(&["同意しなくても、受けられる支援は変わりません"], &[]).await;
        for child in [false, true] {
            nurse.open("/consent").await;
            if child {
                nurse.fill("氏名(漢字またはカナ)", "エノモト ミナト").await;
                nurse.fill("生年月日", "2026-10-26").await;
                nurse.fill("立場", "親権者").await;
                nurse.fill("署名者の氏名", "榎本 千夏").await;
                nurse.fill("署名者の生年月日", "1996-05-14").await;
                nurse.fill("立場を確かめた書類", "母子健康手帳").await;
            } else {
                nurse.fill("氏名(漢字またはカナ)", "榎本 千夏").await;
                nurse.fill("生年月日", "1996-05-14").await;
            }
            nurse.tick(&["妊産婦等の継続的な把握", "アセスメント・支援計画"]).await;
            nurse.tick(&["お名前・生年月日", "住所・電話番号", "妊娠中の経過", "お産と退院のこと"]).await;
            nurse.tick(&["生まれたときの赤ちゃんのこと", "産後のからだのこと"]).await;
            nurse.fill("いつまで", "2027-10-25").await;
            nurse.fill("説明したこと", "提供先と、断っても支援が変わらないこと").await;
            nurse.press("記録する").await;
            if !child {
                nurse.is_me().await;
            }
            nurse.says(&["記録しました。有効です。"], &[]).await;
        }
    }

    /// Row 5: three notices; the nurse says that mother and child are those whom she knows, and reads weight and weeks.
    pub(super) async fn the_hospital_sends_three(&self) {
        self.city.set("2026-10-30T11:05:00+09:00");
        for message in [NEWBORN, MOTHER, OWN_EPDS] {
            assert!(self.city.send(sample::HOSPITAL, message).await.contains("MSA|AA"));
        }
        let nurse = self.at("2026-10-30T11:10:00+09:00", "ooba").await;
        self.she_joins_everybody(&nurse).await;
        nurse.open("/roster").await;
        nurse.press("千夏").await;
        nurse.says(&["2,486 g", "38週4日", "低出生体重児届", "本人の同意"], &["質問票", "EPDS"]).await;
    }

    /// Whoever is suggested is compared, and is the same person.
    pub(super) async fn she_joins_everybody(&self, nurse: &crate::chromium::Pane) {
        nurse.open("/today").await;
        while nurse.text().await.contains("並べて比べる") {
            nurse.press("並べて比べる").await;
            nurse.is_for_everybody().await;
            nurse.shot("same-person", crate::chromium::OFFICE, 614).await;
            nurse.press("同じ方です").await;
        }
    }
}
