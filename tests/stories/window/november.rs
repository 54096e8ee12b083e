//! Rows 7 to 16: the check, the visits, plan and approval, the night, the request, two stays, and the withdrawal between them.

use super::Window;
use crate::chromium::{OFFICE, Pane};
use crate::city::{TWO_WEEK_CHECK, VISITS};
use musubi::sample_city as sample;

const CORRECTION: &[u8] = include_bytes!("../../../adapters/hospital/hl7v2/samples/shione_a08_correction.hl7");
const STAY_1: &[u8] = include_bytes!("../../../adapters/provider/pv02/samples/demo-stay-1.csv");
const STAY_2: &[u8] = include_bytes!("../../../adapters/provider/pv02/samples/demo-stay-2-revision-1.csv");
const STAY_2_MENDED: &[u8] = include_bytes!("../../../adapters/provider/pv02/samples/demo-stay-2-revision-2.csv");

impl Window {
    /// Row 7: she answered that she thought of harming herself; somebody calls the same day.
    pub(super) async fn the_two_week_check(&self) {
        self.city.set("2026-11-09T15:13:00+09:00");
        assert!(self.city.send(sample::HOSPITAL, TWO_WEEK_CHECK).await.contains("MSA|AA"));
        let nurse = self.at("2026-11-09T15:20:00+09:00", "ooba").await;
        nurse.open("/today").await;
        nurse.says(&["SELF_HARM", "届いたもの", "千夏"], &[]).await;
        nurse.press_where("対応しました", "SELF_HARM").await;
        nurse.says(&[], &["SELF_HARM"]).await;
        nurse.open("/roster").await;
        nurse.press("千夏").await;
        nurse.says(&["12点", "法定の事務"], &[]).await;
    }

    /// Row 8: five rows; the last has a day that does not exist.
    pub(super) async fn five_visits(&self) {
        let visitor = self.at("2026-11-11T17:15:00+09:00", "shiina").await;
        visitor.hands_in(&self.file("訪問.csv", VISITS)).await;
        visitor.says(&["4行を受け取りました", "1行は受け取れませんでした", "JP-E602", "行 5"], &["槙野"]).await;
        visitor.is_for_everybody().await;
        let nurse = self.at("2026-11-11T17:30:00+09:00", "ooba").await;
        self.she_joins_everybody(&nurse).await;
        nurse.says(&["UNMET_INFANT", "髙柳"], &[]).await;
        nurse.shot("today", OFFICE, 900).await;
        nurse.open("/roster").await;
        nurse.says(&["見守りの状況", "期限超過", "まだ誰も会っていない"], &[]).await;
        nurse.shot("roster", OFFICE, 900).await;
    }

    /// Row 9: what she wishes for in her own words, seven days of care, and the provider accepts with one click.
    pub(super) async fn plan_approval_and_referral(&self) {
        let nurse = self.at("2026-11-12T10:00:00+09:00", "ooba").await;
        nurse.open("/roster").await;
        nurse.press("千夏").await;
        nurse.press("サポートプラン・申請").await;
        nurse.fill("本人の希望", "一晩でいいから眠りたい").await;
        nurse.fill("目標", "夜に4時間続けて眠る").await;
        nurse.tick(&["宿泊型", "デイサービス型", "家族などから十分な援助", "心身の不調や育児の不安"]).await;
        nurse.fill("家族などの援助", "no").await;
        nurse.press("合意した内容を記録する").await;
        nurse.says(&["一晩でいいから眠りたい", "あなたの希望", "申請した産後ケア"], &[]).await;
        nurse.shot("plan", OFFICE, 900).await;
        nurse.press("連携を依頼する").await;
        approve(&nurse, ["7", "5", ""]).await;
        nurse.says(&["送信済み(未読)"], &[]).await;
        nurse.open("/today").await;
        nurse.says(&["相手の回答を待っているもの", "助産院 汐の宿"], &[]).await;

        let midwife = self.at("2026-11-12T11:00:00+09:00", "nogami").await;
        midwife.open("/referrals").await;
        midwife.press("引き受ける").await;
        midwife.says(&["引受け済み"], &[]).await;
        midwife.fill("日時", "2026-11-16T10:00").await;
        midwife.press("日程を決める").await;
        midwife.says(&["日程決定 令和8年(2026年)11月16日 10:00"], &[]).await;
        midwife.open("/own-care").await;
        midwife.says(&["SK08-0041", "あと7日", "千夏"], &["汐見町", "090-0000-0011"]).await;
        midwife.press("千夏").await;
        midwife.says(&["湊", "産後ケアの利用承認"], &["質問票", "EPDS", "汐見町", "090-0000-0011"]).await;
    }

    /// Row 11: a baby cries at night; two steps, and the caseworker sees where it is and who saw it last.
    pub(super) async fn a_call_at_night(&self) {
        let worker = self.at("2026-11-14T23:40:00+09:00", "w-0412").await;
        worker.open("/emergency").await;
        worker.fill("氏名(漢字またはカナ)", "タカヤナギ アカリ").await;
        worker.fill("生年月日", "2026-10-19").await;
        worker.fill("状況", "189に泣き声の通報。乳児の安否を今夜確認する必要がある").await;
        worker.fill("危険にさらされている方", "児").await;
        worker.fill("同意を得られない理由", "深夜で連絡がつかない").await;
        worker.press("次へ(まだ何も見えません)").await;
        worker.is_me().await;
        worker.says(&["見えるようになる内容"], &["家庭訪問"]).await;
        worker.press("この内容を見る").await;
        worker.says(&["緊急閲覧中です", "家庭訪問", "最後に会った人", "灯"], &["湊", "榎本"]).await;

        let reviewer = self.at("2026-11-16T09:00:00+09:00", "fukatsu").await;
        reviewer.open("/today").await;
        reviewer.press_where("内容を見て回答する", "EMERGENCY_REVIEW").await;
        reviewer.says(&["189に泣き声の通報", "w-0412", "見えた内容", "訪問・相談記録"], &["湊", "榎本"]).await;
        reviewer.is_for_everybody().await;
        reviewer.shot("review", OFFICE, 900).await;
        reviewer.press("適切だった").await;
        reviewer.is_me().await;
        reviewer.says(&["INFORM_SUBJECT"], &["EMERGENCY_REVIEW"]).await;
    }

    /// Row 12: the law's request goes before the city, which answers it category by category.
    pub(super) async fn a_request_and_its_answer(&self) {
        let worker = self.at("2026-11-16T10:00:00+09:00", "w-0412").await;
        worker.open("/question").await;
        worker.fill("文書番号", "汐児8-204").await;
        worker.fill("求める機関の長", "所長").await;
        worker.fill("対象の方の氏名", "タカヤナギ アカリ").await;
        worker.fill("対象の方の生年月日", "2026-10-19").await;
        worker.tick(&["本人情報", "乳幼児健診", "訪問・相談記録"]).await;
        worker.fill("必要な理由", "泣き声の通報があり、乳児の安全を確かめるため").await;
        worker.fill("いつまで", "2026-12-16").await;
        worker.press("求める").await;
        worker.says(&["求めを記録し"], &[]).await;

        let officer = self.at("2026-11-16T11:00:00+09:00", "fukatsu").await;
        officer.open("/today").await;
        officer.says(&["判断するもの"], &[]).await;
        officer.press_where("内容を見て回答する", "REQUEST_L04").await;
        officer.says(&["朝凪県南部児童相談所", "泣き声の通報", "提供に向かないこと"], &[]).await;
        officer.is_for_everybody().await;
        officer.tick(&["本人情報", "訪問・相談記録"]).await;
        officer.press("選んだ区分を承認する").await;
        officer.is_me().await;

        let worker = self.at("2026-11-16T11:30:00+09:00", "w-0412").await;
        worker.open("/question").await;
        worker.fill("求め・ケースの番号", "汐児8-204").await;
        worker.fill("氏名(1人の方だけのとき)", "タカヤナギ アカリ").await;
        worker.fill("生年月日", "2026-10-19").await;
        worker.press("照会する").await;
        worker.says(&["家庭訪問", "灯"], &["湊", "榎本", "凜"]).await;
        worker.open("/question").await;
        worker.fill("求め・ケースの番号", "汐児8-204").await;
        worker.press("照会する").await;
        worker.says(&["家庭訪問", "灯"], &["湊", "榎本", "凜"]).await;
    }

    /// Row 14: two nights are three days.
    pub(super) async fn the_first_stay(&self) {
        let midwife = self.at("2026-11-18T10:00:00+09:00", "nogami").await;
        midwife.drags_in(&self.file("報告1.csv", STAY_1)).await;
        midwife.says(&["1行を受け取りました"], &["受け取れません"]).await;
        midwife.open("/own-care").await;
        midwife.says(&["あと4日", "87,000円"], &[]).await;
    }

    /// Row 15: a correction waits while she withdraws; it never leaves, and the auditor sees why.
    pub(super) async fn she_withdraws(&self) {
        self.city.set("2026-11-20T10:00:00+09:00");
        let folder = sample::center_folder(&self.city.config);
        let aside = folder.with_extension("maintenance");
        std::fs::rename(&folder, &aside).unwrap();
        assert!(self.city.send(sample::HOSPITAL, CORRECTION).await.contains("MSA|AA"));
        let nurse = self.at("2026-11-20T10:05:00+09:00", "ooba").await;
        for (number, name) in ["千夏", "湊"].into_iter().enumerate() {
            nurse.open("/roster").await;
            nurse.press(name).await;
            nurse.press_where("同意・措置", name).await;
            nurse.fill("撤回を申し出た方", if number == 0 { "本人" } else { "親権者" }).await;
            nurse.press("同意を撤回する").await;
            if number == 0 {
                nurse.is_me().await;
            }
            nurse.says(&["同意を撤回しました"], &[]).await;
        }
        std::fs::rename(&aside, &folder).unwrap();
        let auditor = self.at("2026-11-20T12:30:00+09:00", "hayakawa").await;
        auditor.open("/messages").await;
        auditor.press("令和8年(2026年)11月20日 10:00").await;
        auditor
            .says(&["受信", "読取り", "判断と提供", "配送", "朝凪県立汐音総合病院", "musubi:1:"], &["千夏", "榎本"])
            .await;
        auditor.toggle("項目ごとの行き先").await;
        auditor.sees("封筒(区切り・番号)").await;
        auditor.is_for_everybody().await;
        auditor.shot("message", OFFICE, 1000).await;
    }

    /// Row 16: a night with nobody on duty is refused with its minutes, and mended.
    pub(super) async fn the_second_stay(&self) {
        let midwife = self.at("2026-11-27T11:00:00+09:00", "nogami").await;
        midwife.hands_in(&self.file("報告2.csv", STAY_2)).await;
        midwife.says(&["PV-E201", "01:00", "02:30"], &[]).await;
        let midwife = self.at("2026-11-27T11:40:00+09:00", "nogami").await;
        midwife.hands_in(&self.file("報告2.csv", STAY_2_MENDED)).await;
        midwife.says(&["1行を受け取りました"], &["受け取れません"]).await;
    }
}

/// Fills in the approval: days left, tickets left, number of the extension.
pub(super) async fn approve(nurse: &Pane, [units, reductions, extension]: [&str; 3]) {
    nurse.fill("依頼先", "助産院 汐の宿").await;
    nurse.fill("依頼の種別", "postnatal_care").await;
    nurse.fill("依頼の理由", "産後ケア").await;
    nurse.fill("承認番号", "SK08-0041").await;
    nurse.tick(&["宿泊型", "デイサービス型"]).await;
    nurse.fill("利用できる期間の初日", "2026-11-13").await;
    nurse.fill("利用できる期間の末日", "2027-10-25").await;
    nurse.fill("日数(残り)", units).await;
    nurse.fill("減免券(残り)", reductions).await;
    nurse.fill("延長承認の番号", extension).await;
    nurse.press("依頼する").await;
}
