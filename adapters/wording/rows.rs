//! One entry as labelled rows, field by field.

use super::absences;
use super::codes::{self, word};
use super::dates::{japanese_date, japanese_moment};
use super::kinds::title;
use super::state;
use super::{Row, Rows, all_coded, apgar, coded, is_low_weight, joined, quantity, weeks, yes_no};
use musubi_core::record::kind_of;
use musubi_proto::v1 as proto;
use proto::entry::Body;

/// The title of an entry's rows and the rows, with the fields of which its source says why they have no value. Who somebody
/// is stands with the person.
pub fn told(entry: &proto::Entry) -> Option<(&'static str, Vec<Row>)> {
    let body = entry.body.as_ref()?;
    let found = rows(body).map(|(_, rows)| rows).unwrap_or_default();
    let mut rows = Rows::default();
    if let Body::Observation(observation) = body
        && let Some(absence) = absences::of_observation(&entry.absent)
    {
        rows.add(&name(observation), absences::reason(&absence.reason));
        // That nothing was sought must never read as nothing found.
        rows.extend(found.into_iter().filter(|row| row.label != THERE));
    } else if !matches!(body, Body::PersonDetails(_)) {
        rows.extend(found);
        for absence in &entry.absent {
            rows.add(absences::label(&absence.field), absences::reason(&absence.reason));
        }
    }
    let rows = rows.into_rows();
    (!rows.is_empty()).then_some((title(kind_of(body)), rows))
}

/// The title of a body's rows and the rows; `None` for what has no wording here.
pub fn rows(body: &Body) -> Option<(&'static str, Vec<Row>)> {
    let rows = match body {
        Body::DischargeNotice(notice) => discharge(notice),
        Body::Encounter(encounter) => self::encounter(encounter),
        Body::Condition(condition) => self::condition(condition),
        Body::Observation(observation) => self::observation(observation),
        Body::Delivery(delivery) => self::delivery(delivery),
        Body::Newborn(newborn) => self::newborn(newborn),
        Body::Screening(screening) => self::screening(screening),
        Body::PregnancyNotification(notification) => pregnancy(notification),
        Body::PostpartumCheck(check) => postpartum_check(check),
        Body::InfantCheck(check) => infant_check(check),
        Body::HomeVisit(visit) => home_visit(visit),
        Body::Referral(referral) => self::referral(referral),
        Body::PrenatalCheck(check) => prenatal_check(check),
        Body::Consultation(consultation) => self::consultation(consultation),
        Body::ContactAttempt(attempt) => contact_attempt(attempt),
        Body::SupportPlan(plan) => support_plan(plan),
        Body::CareApproval(approval) => care_approval(approval),
        Body::CareDelivery(care) => care_delivery(care),
        Body::Concern(concern) => self::concern(concern),
        _ => return None,
    };
    let rows = rows.into_rows();
    (!rows.is_empty()).then_some((title(kind_of(body)), rows))
}

fn discharge(notice: &proto::DischargeNotice) -> Rows {
    let mut rows = Rows::default();
    rows.add("入院日", at(notice.admitted_at.as_ref()));
    rows.add("退院日", at(notice.discharged_at.as_ref()));
    rows.add("退院予定日", at(notice.expected_discharge_at.as_ref()));
    rows.add("退院先", destination(notice.destination.as_ref()));
    rows.add("転帰", coded(notice.outcome.as_ref()));
    rows.add("診断", all_coded(&notice.diagnoses));
    rows.marked("依頼事項", Some(notice.request.trim().to_owned()));
    rows.text("経過", &notice.course);
    rows.text("指導内容", &notice.instructions);
    rows.text("医療機関", &notice.institution);
    rows.text("診療科", &notice.department);
    rows.text("病棟", &notice.ward);
    rows.text("担当医", &notice.attending);
    rows
}

fn encounter(encounter: &proto::Encounter) -> Rows {
    let mut rows = Rows::default();
    rows.add("区分", Some(word(codes::ENCOUNTER_CLASS, &encounter.class)));
    let period = encounter.period.as_ref();
    rows.add("開始", at(period.and_then(|period| period.start.as_ref())));
    rows.add("終了", at(period.and_then(|period| period.end.as_ref())));
    rows.text("受診番号", &encounter.visit_number);
    rows.text("診療科", &encounter.department);
    rows.text("病棟", &encounter.ward);
    rows.text("担当医", &encounter.attending);
    rows.text("入院経路", &encounter.admit_source);
    rows
}

fn condition(condition: &proto::Condition) -> Rows {
    let mut rows = Rows::default();
    rows.add(diagnosis_label(condition), coded(condition.code.as_ref()));
    rows.add("診断の区分", Some(word(codes::CONDITION_KIND, &condition.kind)));
    rows.add("状態", Some(word(codes::CLINICAL_STATE, &condition.state)));
    rows.add("発症", at(condition.onset.as_ref()));
    rows.add("終了", at(condition.ended.as_ref()));
    rows.add("転帰", condition.outcome.as_ref().and_then(outcome));
    rows
}

/// What a diagnosis is called: one that is not so, or is over, never as one that is there.
pub fn diagnosis_label(condition: &proto::Condition) -> &'static str {
    match condition.negated {
        Some(true) => "否定された診断",
        _ if state::is_over(condition) => "過去の診断",
        _ => "診断名",
    }
}

/// How it went: what the source displays, else the word for its code.
fn outcome(outcome: &proto::Coded) -> Option<String> {
    let of_table = matches!(&*outcome.system, "HL70241" | "HL7241") && outcome.text.is_empty();
    if of_table { Some(word(codes::OUTCOME, &outcome.code)) } else { coded(Some(outcome)) }
}

/// Whether what was looked for was found.
const THERE: &str = "有無";

/// What an observation is of.
fn name(observation: &proto::Observation) -> String {
    match observation.kind.as_str() {
        "medication" => "投薬".to_owned(),
        "procedure" => "処置・手術".to_owned(),
        "immunization" => "予防接種".to_owned(),
        "family_history" => "家族歴".to_owned(),
        "allergy" if state::is_allergy_over(observation) => "過去のアレルギー".to_owned(),
        "allergy" => "アレルギー".to_owned(),
        _ => coded(observation.code.as_ref()).unwrap_or_else(|| "結果".to_owned()),
    }
}

fn observation(observation: &proto::Observation) -> Rows {
    let mut rows = Rows::default();
    let label = name(observation);
    let value = quantity(observation.quantity.as_ref()).or_else(|| coded(observation.coded.as_ref()));
    let text = observation.text.trim();
    if value.is_none() {
        rows.text(&label, text);
    } else {
        rows.add(&label, value);
        rows.text("詳細", text);
    }
    if observation.kind == "family_history" {
        rows.add("続柄", coded(observation.code.as_ref()));
    }
    if observation.kind == "allergy" {
        rows.add("種類", observation.code.as_ref().and_then(allergy_kind));
        rows.add("状態", Some(word(codes::CLINICAL_STATE, &observation.state)));
    }
    let there = match observation.kind.as_str() {
        "medication" | "procedure" | "immunization" => "実施",
        _ => THERE,
    };
    // What was looked for and not found must never read as found.
    if observation.status == "none" {
        rows.add(there, Some("なし".to_owned()));
    }
    rows.text("判定", &observation.interpretation);
    rows.add("日時", at(observation.observed_at.as_ref()));
    rows
}

/// Of which kind an allergy is: what the source displays, else the word for its code.
fn allergy_kind(kind: &proto::Coded) -> Option<String> {
    if kind.text.is_empty() { Some(word(codes::ALLERGY_KIND, &kind.code)) } else { coded(Some(kind)) }
}

fn delivery(delivery: &proto::Delivery) -> Rows {
    let mut rows = Rows::default();
    rows.add("分娩日時", at(delivery.delivered_at.as_ref()));
    rows.add("分娩週数", weeks(delivery.gestation_days));
    rows.add("分娩方法", Some(word(codes::DELIVERY_METHOD, &delivery.method)));
    rows.add("分娩の転帰", Some(word(codes::DELIVERY_OUTCOME, &delivery.outcome)));
    rows.add("児の数", delivery.child_count.map(|count| format!("{count}人")));
    rows.add("合併症", all_coded(&delivery.complications));
    rows.add("出血量", quantity(delivery.blood_loss.as_ref()));
    rows.add("輸血", yes_no(delivery.transfusion));
    rows.text("胎位", &delivery.presentation);
    rows.add(
        "分娩所要時間",
        delivery.duration_minutes.map(|minutes| format!("{}時間{}分", minutes / 60, minutes % 60)),
    );
    rows.text("分娩場所", &delivery.place);
    rows.text("介助者", &delivery.attendant);
    rows
}

fn newborn(newborn: &proto::Newborn) -> Rows {
    let mut rows = Rows::default();
    rows.add("在胎週数", weeks(newborn.gestation_days));
    rows.add("出生体重", quantity(newborn.birth_weight.as_ref()));
    let told =
        if newborn.low_weight_notified == Some(true) { "届出あり" } else { "低出生体重児届の対象" };
    let low = is_low_weight(newborn.birth_weight.as_ref()) || newborn.low_weight_notified == Some(true);
    rows.marked("低体重児届", low.then(|| format!("{told}(2,500 g 未満、母子保健法第18条)")));
    rows.add("アプガー", apgar(newborn));
    rows.add("身長", quantity(newborn.birth_length.as_ref()));
    rows.add("頭囲", quantity(newborn.head_circumference.as_ref()));
    rows.add("胸囲", quantity(newborn.chest_circumference.as_ref()));
    rows.marked("NICU入院", yes_no(newborn.intensive_care).filter(|answer| answer != "いいえ"));
    rows.text("現在の居場所", &newborn.present_location);
    rows
}

fn screening(screening: &proto::Screening) -> Rows {
    let mut rows = Rows::default();
    rows.add("質問票", Some(word(codes::INSTRUMENT, &screening.instrument)));
    rows.add("回答日", screening.answered_on.as_ref().and_then(japanese_date));
    rows.add("合計", screening.total.map(|total| format!("{total}点")));
    rows.add("各項目", joined(screening.items.iter().map(i32::to_string), " "));
    let item = screening.self_harm_item.map(|score| format!("{score}点"));
    if screening.self_harm_item.is_some_and(|score| score > 0) {
        rows.marked("項目10(自傷)", item);
    } else {
        rows.add("項目10(自傷)", item);
    }
    rows
}

fn pregnancy(notification: &proto::PregnancyNotification) -> Rows {
    let mut rows = Rows::default();
    rows.add("届出日", notification.notified_on.as_ref().and_then(japanese_date));
    rows.add("届出時の週数", weeks(notification.gestation_days));
    rows.add("分娩予定日", notification.due_date.as_ref().and_then(japanese_date));
    rows.add("最終月経", notification.last_menstrual_period.as_ref().and_then(japanese_date));
    rows.add("胎児の数", notification.fetus_count.map(|count| format!("{count}")));
    rows.add("喫煙", yes_no(notification.smoking));
    rows.add("飲酒", yes_no(notification.alcohol));
    rows.text("心配なこと", &notification.concerns);
    rows.text("医師の所見", &notification.physician_note);
    rows
}

fn postpartum_check(check: &proto::PostpartumCheck) -> Rows {
    let mut rows = Rows::default();
    rows.add("健診日", check.visited_on.as_ref().and_then(japanese_date));
    rows.add("産後日数", check.days_after_delivery.map(|days| format!("{days}日")));
    measurements(&mut rows, &check.measurements);
    rows.text("子宮復古", &check.uterus);
    rows.text("悪露", &check.lochia);
    rows.text("創部", &check.wound);
    rows.text("乳房", &check.breasts);
    rows.text("授乳", &check.feeding);
    rows.add("不安", yes_no(check.anxiety));
    rows.text("精神科既往", &check.psychiatric_history);
    rows.add("支援の必要", yes_no(check.support_needed));
    rows.text("支援の理由", &check.support_reason);
    rows
}

fn infant_check(check: &proto::InfantCheck) -> Rows {
    let mut rows = Rows::default();
    rows.add("健診", Some(word(codes::INFANT_CHECK, &check.kind)));
    rows.add("健診日", check.visited_on.as_ref().and_then(japanese_date));
    rows.add("月齢", check.age_months.map(|months| format!("{months}か月")));
    rows.add("身長", quantity(check.height.as_ref()));
    rows.add("体重", quantity(check.weight.as_ref()));
    rows.add("頭囲", quantity(check.head_circumference.as_ref()));
    rows.add("胸囲", quantity(check.chest_circumference.as_ref()));
    measurements(&mut rows, &check.measurements);
    rows.add("判定", Some(word(codes::JUDGEMENT, &check.judgement)));
    rows.text("所見", &check.findings);
    rows
}

fn home_visit(visit: &proto::HomeVisit) -> Rows {
    let mut rows = Rows::default();
    rows.add("訪問日", visit.visited_on.as_ref().and_then(japanese_date));
    rows.add("種別", Some(word(codes::VISIT_KIND, &visit.kind)));
    rows.add("結果", Some(word(codes::VISIT_RESULT, &visit.result)));
    let seen = visit.child_seen.map(|seen| if seen { "児を確認" } else { "児は未確認" }.to_owned());
    rows.add("児の確認", seen);
    rows.add("体重", quantity(visit.weight.as_ref()));
    rows.text("授乳", &visit.feeding);
    rows.text("家庭環境", &visit.environment);
    rows.add("支援の必要", Some(word(codes::SUPPORT_NEED, &visit.support_need)));
    rows.add("次回予定", visit.next_on.as_ref().and_then(japanese_date));
    rows.text("記録", &visit.note);
    rows
}

fn referral(referral: &proto::Referral) -> Rows {
    let mut rows = Rows::default();
    rows.add("依頼の種別", Some(word(codes::REFERRAL_KIND, &referral.kind)));
    rows.add("緊急度", Some(word(codes::URGENCY, &referral.urgency)));
    rows.marked("依頼の理由", Some(referral.reason.trim().to_owned()));
    rows.add("依頼日時", at(referral.requested_at.as_ref()));
    rows.add("回答期限", at(referral.reply_by.as_ref()));
    rows.text("依頼元", &referral.from);
    rows.text("依頼先", &referral.to);
    rows.text("依頼番号", &referral.referral_id);
    rows.text("承認番号", &referral.approval_number);
    rows
}

fn prenatal_check(check: &proto::PrenatalCheck) -> Rows {
    let mut rows = Rows::default();
    rows.add("健診日", check.visited_on.as_ref().and_then(japanese_date));
    rows.add("回数", check.visit_number.map(|number| format!("{number}回目")));
    rows.add("妊娠週数", weeks(check.gestation_days));
    measurements(&mut rows, &check.measurements);
    rows.add("妊娠高血圧症候群", yes_no(check.hypertensive_disorder));
    rows.add("妊娠糖尿病", yes_no(check.gestational_diabetes));
    rows.text("医療機関", &check.institution);
    rows.text("所見", &check.note);
    rows
}

fn consultation(consultation: &proto::Consultation) -> Rows {
    let mut rows = Rows::default();
    rows.add("日時", at(consultation.at.as_ref()));
    rows.text("方法", &consultation.method);
    rows.text("内容", &consultation.topic);
    rows.text("記録", &consultation.note);
    rows
}

fn contact_attempt(attempt: &proto::ContactAttempt) -> Rows {
    let mut rows = Rows::default();
    rows.add("日時", at(attempt.at.as_ref()));
    rows.text("方法", &attempt.method);
    rows.add("結果", Some(word(codes::VISIT_RESULT, &attempt.result)));
    let seen = attempt.child_seen.map(|seen| if seen { "児を確認" } else { "児は未確認" }.to_owned());
    rows.add("児の確認", seen);
    rows.text("記録", &attempt.note);
    rows
}

fn support_plan(plan: &proto::SupportPlan) -> Rows {
    let mut rows = Rows::default();
    rows.text("本人の希望", &plan.wish);
    rows.add("目標", joined(plan.goals.iter().cloned(), "\n"));
    rows.add("合意した日", plan.agreed_on.as_ref().and_then(japanese_date));
    rows.add("見直す日", plan.review_on.as_ref().and_then(japanese_date));
    rows.text("担当", &plan.responsible);
    rows
}

fn care_approval(approval: &proto::CareApproval) -> Rows {
    let mut rows = Rows::default();
    rows.text("承認番号", &approval.approval_number);
    rows.add("種類", joined(approval.kinds.iter().map(|kind| word(codes::CARE_KIND, kind)), "、"));
    rows.add("利用できる期間の初日", approval.from.as_ref().and_then(japanese_date));
    rows.add("利用できる期間の末日", approval.until.as_ref().and_then(japanese_date));
    // An extension lets the limit be passed and counts no days of its own.
    let counted = |days: Option<i32>| days.filter(|days| approval.extended != Some(true) || *days > 0);
    rows.add("承認日数", counted(approval.units).map(|days| format!("{days}日")));
    rows.add("残り", counted(approval.units_left).map(|days| format!("{days}日")));
    rows.text("延長承認の番号", &approval.extension_number);
    rows.add("減免券の残り", approval.reductions_left.map(|count| format!("{count}枚")));
    rows.text("配慮すること", &approval.care_notes);
    rows
}

fn care_delivery(care: &proto::CareDelivery) -> Rows {
    let mut rows = Rows::default();
    rows.text("承認番号", &care.approval_number);
    rows.add("種類", Some(word(codes::CARE_KIND, &care.kind)));
    rows.add("開始", at(care.start.as_ref()));
    rows.add("終了", at(care.end.as_ref()));
    rows.add("利用日数", care.days.map(|days| format!("{days}日")));
    rows.text("母の様子", &care.mother_condition);
    rows.text("指導", &care.guidance_text);
    rows.text("引継ぎ", &care.handover);
    rows.add("利用者負担", care.user_fee_yen.map(|yen| format!("{yen}円")));
    rows
}

fn concern(concern: &proto::Concern) -> Rows {
    let mut rows = Rows::default();
    rows.marked("気づいたこと", Some(concern.text.trim().to_owned()));
    rows.add("気づいた日時", at(concern.observed_at.as_ref()));
    rows.text("緊急度", &concern.urgency);
    rows.add("届出の根拠", Some(word(codes::NOTIFICATION, &concern.ground)));
    rows.add("本人・家族の同意", Some(word(codes::CONSENT_SOUGHT, &concern.consent_sought)));
    rows
}

fn measurements(rows: &mut Rows, all: &[proto::Measurement]) {
    for one in all {
        if let Some(label) = coded(one.code.as_ref()) {
            rows.add(&label, quantity(one.quantity.as_ref()));
        }
    }
}

/// Where to: the source's text, else the word of HL7 table 0112, else the code.
pub fn destination(destination: Option<&proto::Coded>) -> Option<String> {
    let destination = destination?;
    if destination.text.is_empty() && destination.system == "HL70112" {
        return (!destination.code.is_empty()).then(|| word(codes::DESTINATION, &destination.code));
    }
    coded(Some(destination))
}

fn at(moment: Option<&proto::DateTime>) -> Option<String> {
    moment.and_then(japanese_moment)
}
