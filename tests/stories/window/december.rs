//! Rows 17 and 20: the day too many, the mother's statement, the proof that the auditor takes home.

use super::Window;
use super::november::approve;
use crate::chromium::OFFICE;
use musubi_core::audit::Receipt;
use musubi_verify::Inclusion;

const DAY_8: &[u8] = include_bytes!("../../../adapters/provider/pv02/samples/demo-day-8.csv");

impl Window {
    /// Row 17: an eighth day is refused until the city extends the approval; then the same file is taken.
    pub(super) async fn the_eighth_day(&self) {
        let file = self.file("報告3.csv", DAY_8);
        let midwife = self.at("2026-12-01T16:00:00+09:00", "nogami").await;
        midwife.hands_in(&file).await;
        midwife.says(&["PV-E105", "延長の承認"], &["1行を受け取りました"]).await;
        midwife.open("/own-care").await;
        midwife.says(&["あと0日", "令和8年(2026年)11月 198,000円"], &[]).await;
        let nurse = self.at("2026-12-01T16:05:00+09:00", "ooba").await;
        nurse.open("/roster").await;
        nurse.press("千夏").await;
        nurse.says(&["次の予定", "2,760 g", "12点"], &[]).await;
        nurse.shot("family", OFFICE, 1300).await;
        nurse.press("連携を依頼する").await;
        approve(&nurse, ["0", "0", "SK08-0041-E1"]).await;
        let midwife = self.at("2026-12-01T16:10:00+09:00", "nogami").await;
        midwife.hands_in(&file).await;
        midwife.says(&["1行を受け取りました"], &["PV-E105"]).await;
        midwife.open("/own-care").await;
        midwife.says(&["延長承認 SK08-0041-E1"], &["承認日数 0日"]).await;
        midwife.shot("own-care", OFFICE, 800).await;
        midwife.press_where("明細を印刷・CSVで受け取る", "198,000円").await;
        midwife.says(&["請求明細", "令和8年(2026年)11月", "198,000円", "R-2026-1118-01"], &["榎本"]).await;
        midwife.is_for_everybody().await;
    }

    /// Row 20: who was shown what of 榎本, and no guidance center among them; a proof that holds without the hub.
    pub(super) async fn the_auditor_comes(&self) {
        self.city.running.hub.store.checkpoint().await.unwrap();
        let auditor = self.at("2026-12-02T15:00:00+09:00", "hayakawa").await;
        auditor.open("/statement").await;
        auditor.fill("氏名(漢字またはカナ)", "榎本 千夏").await;
        auditor.fill("生年月日", "1996-05-14").await;
        auditor.press("作成する").await;
        auditor.is_me().await;
        let words = ["情報の提供の記録", "汐音市こども家庭センター", "助産院 汐の宿", "本人の同意", "法定の事務"];
        auditor.says(&words, &["児童相談所"]).await;
        auditor.is_for_everybody().await;

        auditor.open("/messages").await;
        auditor.press("令和8年(2026年)11月20日 10:00").await;
        let text = auditor.text().await;
        let receipt = text.split_whitespace().find(|word| word.starts_with("musubi:1:")).expect("a receipt").to_owned();
        auditor.open("/oversight").await;
        auditor.says(&["検証済み", "日 令和", "助産院 汐の宿"], &[]).await;
        auditor.is_for_everybody().await;
        let proof = auditor.fetch(&format!("/proof/482072?entry={receipt}")).await;
        let proof = Inclusion::parse(std::str::from_utf8(&proof).unwrap()).unwrap();
        let receipt = Receipt::from_msa3("", &receipt).unwrap();
        let key = self.city.running.hub.keyring.signing.verifier();
        assert!(proof.check(&receipt, &key).is_ok(), "the proof holds without the hub");
    }
}
