//! A household in English, for who reads the window in it. Labels, headings and the words for codes are the program's own and are
//! said in the other language, dates and counts in its form; what people wrote stays as they wrote it.

use super::{Household, Individual, Item};
use crate::wording::Row;

impl Household {
    /// The same in English.
    #[must_use]
    pub fn in_english(mut self) -> Self {
        for person in &mut self.people {
            person.in_english();
        }
        for item in &mut self.timeline {
            item.in_english();
        }
        for text in [&mut self.notice, &mut self.purpose, &mut self.basis] {
            *text = english(text);
        }
        self
    }
}

impl Individual {
    fn in_english(&mut self) {
        self.role = english(&self.role);
        self.rows.iter_mut().for_each(row);
    }
}

impl Item {
    fn in_english(&mut self) {
        self.heading = word(self.heading).unwrap_or(self.heading);
        for text in [&mut self.when, &mut self.whose, &mut self.basis] {
            *text = english(text);
        }
        self.rows.iter_mut().for_each(row);
    }
}

fn row(row: &mut Row) {
    row.label = english(&row.label);
    row.value = row.value.split('\n').map(english).collect::<Vec<_>>().join("\n");
}

/// What the program says in Japanese, in English; anything else as it stands.
pub fn english(text: &str) -> String {
    if let Some(word) = word(text) {
        return word.to_owned();
    }
    let listed = |between: char| {
        let parts: Option<Vec<&str>> = text.split(between).map(word).collect();
        parts.map(|parts| parts.join(", "))
    };
    let said = date(text).or_else(|| count(text)).or_else(|| numbered(text)).or_else(|| contact(text));
    said.or_else(|| listed('、')).or_else(|| listed('・')).unwrap_or_else(|| text.to_owned())
}

fn word(text: &str) -> Option<&'static str> {
    WORDS.iter().find(|(known, _)| *known == text).map(|(_, word)| *word)
}

/// `令和8年(2026年)11月9日 10:00`, or less of it, as `2026-11-09 10:00`.
fn date(text: &str) -> Option<String> {
    let (_, rest) = text.split_once('(').filter(|(era, _)| era.ends_with('年'))?;
    let (year, rest) = rest.split_once("年)")?;
    let mut said = whole(year)?.to_owned();
    let mut rest = rest;
    for unit in ['月', '日'] {
        let Some((number, after)) = rest.split_once(unit) else { break };
        said = format!("{said}-{:02}", whole(number)?.parse::<u8>().ok()?);
        rest = after;
    }
    let clock = |letter: char| letter.is_ascii_digit() || matches!(letter, ' ' | ':');
    match rest.strip_suffix('時') {
        Some(hour) => Some(format!("{said} {} h", whole(hour.trim())?)),
        None => rest.chars().all(clock).then(|| format!("{said}{rest}")),
    }
}

/// A number with its unit: `12点`, `38週4日`, `3,000円`.
fn count(text: &str) -> Option<String> {
    if let Some((weeks, days)) = text.split_once('週') {
        return Some(format!("{} w {} d", whole(weeks)?, whole(days.strip_suffix('日')?)?));
    }
    UNITS.iter().find_map(|(unit, word)| {
        let number = text.strip_suffix(unit)?;
        let digits = !number.is_empty() && number.chars().all(|letter| letter.is_ascii_digit() || letter == ',');
        digits.then(|| format!("{number}{word}"))
    })
}

/// `第1子`, `妊産婦等の継続的な把握(P3)`, `法令上の義務(L01)`.
fn numbered(text: &str) -> Option<String> {
    if let Some(number) = text.strip_prefix('第').and_then(|rest| rest.strip_suffix('子')) {
        return Some(format!("child {}", whole(number)?));
    }
    let (before, code) = text.strip_suffix(')')?.rsplit_once('(')?;
    Some(format!("{} ({code})", word(before)?))
}

/// `携帯(自宅) 090-0000-0011`.
fn contact(text: &str) -> Option<String> {
    let (way, number) = text.split_once(' ').filter(|(_, number)| number.is_ascii())?;
    let named = way.strip_suffix(')').and_then(|way| way.split_once('('));
    let said = |way: &str| WAYS.iter().find(|(known, _)| *known == way).map(|(_, said)| *said);
    match named {
        Some((way, place)) => Some(format!("{} ({}) {number}", said(way)?, word(place)?)),
        None => Some(format!("{} {number}", said(way)?)),
    }
}

fn whole(text: &str) -> Option<&str> {
    (!text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())).then_some(text)
}

/// How somebody is reached.
const WAYS: [(&str, &str); 4] = [("電話", "telephone"), ("携帯", "mobile"), ("FAX", "fax"), ("メール", "e-mail")];

const UNITS: [(&str, &str); 8] = [
    ("点", " points"),
    ("日", " days"),
    ("円", " yen"),
    ("枚", " tickets"),
    ("回目", ""),
    ("か月", " months"),
    ("人", ""),
    ("時", " h"),
];

const WORDS: &[(&str, &str)] = &[
    // Who somebody is.
    ("母", "mother"),
    ("児", "child"),
    ("父", "father"),
    ("保護者", "guardian"),
    ("氏名", "Name"),
    ("カナ", "Reading"),
    ("氏名の状態", "State of the name"),
    ("仮の氏名", "provisional"),
    ("生年月日", "Birth date"),
    ("出生日時", "Born"),
    ("性別", "Sex"),
    ("男", "male"),
    ("女", "female"),
    ("その他", "other"),
    ("不明", "unknown"),
    ("多胎", "Multiple birth"),
    ("死亡", "Deceased"),
    ("連絡先", "Contact"),
    ("番号", "Identifiers"),
    ("住所", "Address"),
    ("はい", "yes"),
    ("いいえ", "no"),
    ("回答なし", "not answered"),
    // Headings of the timeline.
    ("退院", "Discharge"),
    ("受療", "Encounter"),
    ("診断", "Diagnosis"),
    ("検査・観察", "Observation"),
    ("分娩", "Delivery"),
    ("新生児", "Newborn"),
    ("質問票", "Questionnaire"),
    ("妊娠", "Pregnancy"),
    ("産婦健康診査", "Postpartum check"),
    ("乳幼児健康診査", "Infant check"),
    ("家庭訪問", "Home visit"),
    ("連携依頼", "Referral"),
    ("妊婦健康診査", "Prenatal check"),
    ("相談", "Consultation"),
    ("連絡・接触", "Contact"),
    ("サポートプラン", "Support plan"),
    ("産後ケアの利用承認", "Approval of postnatal care"),
    ("産後ケアの実施", "Postnatal care"),
    ("家族の状況", "Family"),
    ("保険", "Insurance"),
    ("母子健康手帳の交付", "Handbook issued"),
    ("気づきのサイン", "Signal"),
    ("児童相談所のケース", "Case of the child guidance center"),
    ("要保護児童対策地域協議会のケース", "Case of the council"),
    ("心配な様子", "Concern"),
    ("産後ケアの申請", "Application for postnatal care"),
    ("産後ケアの請求", "Claim for postnatal care"),
    ("事故の報告", "Incident"),
    ("連携依頼の経過", "Step of a referral"),
    ("文書", "Document"),
    ("本人の情報", "Person"),
    ("親子関係", "Parent and child"),
    ("取消し", "Withdrawal"),
    ("標題", "Title"),
    ("記録", "Record"),
    // A concern and its notification.
    ("気づいたこと", "What was noticed"),
    ("気づいた日時", "Noticed"),
    ("届出の根拠", "Offered under"),
    ("虐待の通告", "notification of abuse"),
    ("要保護児童の通告", "notification of a child in need of protection"),
    ("支援を要する家庭の情報提供", "information on a family that needs support"),
    ("本人・家族の同意", "Consent of the family"),
    ("同意あり", "agreed"),
    ("同意なし", "declined"),
    ("求めていない", "not asked"),
    // Discharge, encounter, diagnosis.
    ("入院日", "Admitted"),
    ("退院日", "Discharged"),
    ("退院予定日", "Expected discharge"),
    ("退院先", "Discharged to"),
    ("転帰", "Outcome"),
    ("依頼事項", "Requests"),
    ("経過", "Course"),
    ("指導内容", "Instructions"),
    ("医療機関", "Institution"),
    ("診療科", "Department"),
    ("病棟", "Ward"),
    ("担当医", "Physician"),
    ("区分", "Class"),
    ("開始", "From"),
    ("終了", "Until"),
    ("受診番号", "Visit number"),
    ("入院経路", "Admitted from"),
    ("入院", "inpatient"),
    ("外来", "outpatient"),
    ("救急", "emergency"),
    ("産科", "obstetrics"),
    ("診断名", "Diagnosis"),
    ("否定された診断", "Ruled out"),
    ("過去の診断", "Past diagnosis"),
    ("診断の区分", "Kind of diagnosis"),
    ("状態", "State"),
    ("現在あり", "active"),
    ("再発", "recurrence"),
    ("再燃", "relapse"),
    ("現在なし", "inactive"),
    ("寛解", "in remission"),
    ("治癒", "resolved"),
    ("完全に回復", "fully recovered"),
    ("回復していない", "not recovering"),
    ("回復中", "recovering"),
    ("後遺症あり", "with sequelae"),
    ("悪化", "worsening"),
    ("入院時", "on admission"),
    ("暫定", "working"),
    ("確定", "final"),
    ("発症", "Onset"),
    ("結果", "Result"),
    ("投薬", "Medication"),
    ("処置・手術", "Procedure"),
    ("予防接種", "Vaccination"),
    ("家族歴", "Illness in the family"),
    ("アレルギー", "Allergy"),
    ("過去のアレルギー", "Past allergy"),
    ("食物", "food"),
    ("薬剤", "medication"),
    ("環境", "environment"),
    ("生物製剤", "biologic"),
    ("続柄", "Relation"),
    ("詳細", "Details"),
    ("実施", "Done"),
    ("有無", "Present"),
    ("判定", "Judgement"),
    ("日時", "When"),
    ("自宅", "home"),
    ("勤務先", "at work"),
    ("緊急連絡先", "in an emergency"),
    ("他の病院", "another hospital"),
    ("医師の勧めによらない退院", "against advice"),
    // Delivery and newborn.
    ("分娩日時", "Delivered"),
    ("分娩週数", "Weeks at delivery"),
    ("分娩方法", "Method"),
    ("経腟分娩", "vaginal"),
    ("帝王切開", "caesarean"),
    ("吸引分娩", "vacuum"),
    ("鉗子分娩", "forceps"),
    ("分娩の転帰", "Outcome of the delivery"),
    ("生産", "live birth"),
    ("死産", "stillbirth"),
    ("流産", "miscarriage"),
    ("人工妊娠中絶", "termination"),
    ("児の数", "Children"),
    ("合併症", "Complications"),
    ("出血量", "Blood loss"),
    ("輸血", "Transfusion"),
    ("胎位", "Presentation"),
    ("分娩所要時間", "Duration of labour"),
    ("分娩場所", "Place of delivery"),
    ("介助者", "Attendant"),
    ("在胎週数", "Weeks of gestation"),
    ("出生体重", "Birth weight"),
    ("低体重児届", "Low-weight notice"),
    (
        "低出生体重児届の対象(2,500 g 未満、母子保健法第18条)",
        "expected (below 2,500 g, Maternal and Child Health Act art. 18)",
    ),
    ("届出あり(2,500 g 未満、母子保健法第18条)", "given (below 2,500 g, Maternal and Child Health Act art. 18)"),
    ("アプガー", "Apgar"),
    ("身長", "Length"),
    ("頭囲", "Head circumference"),
    ("胸囲", "Chest circumference"),
    ("NICU入院", "Intensive care"),
    ("現在の居場所", "Where the child is"),
    // Questionnaires and pregnancy.
    ("回答日", "Answered"),
    ("合計", "Total"),
    ("各項目", "Items"),
    ("項目10(自傷)", "Item 10 (self-harm)"),
    ("エジンバラ産後うつ病質問票(EPDS)", "Edinburgh Postnatal Depression Scale (EPDS)"),
    ("赤ちゃんへの気持ち質問票", "bonding questionnaire"),
    ("育児支援チェックリスト", "support checklist"),
    ("届出日", "Notified"),
    ("届出時の週数", "Weeks when notified"),
    ("分娩予定日", "Due date"),
    ("最終月経", "Last period"),
    ("胎児の数", "Fetuses"),
    ("喫煙", "Smoking"),
    ("飲酒", "Alcohol"),
    ("心配なこと", "Worries"),
    ("医師の所見", "Physician's note"),
    // Checks and visits.
    ("健診日", "Checked"),
    ("産後日数", "Days after delivery"),
    ("子宮復古", "Involution"),
    ("悪露", "Lochia"),
    ("創部", "Wound"),
    ("乳房", "Breasts"),
    ("授乳", "Feeding"),
    ("不安", "Anxiety"),
    ("精神科既往", "Psychiatric history"),
    ("支援の必要", "Need of support"),
    ("支援の理由", "Why"),
    ("健診", "Check"),
    ("月齢", "Age in months"),
    ("体重", "Weight"),
    ("所見", "Findings"),
    ("異常なし", "normal"),
    ("要指導", "advice"),
    ("要観察", "observe"),
    ("要精密検査", "detailed examination"),
    ("要治療", "treatment"),
    ("治療中", "under treatment"),
    ("1か月児健診", "one month"),
    ("3~4か月児健診", "three to four months"),
    ("9~10か月児健診", "nine to ten months"),
    ("1歳6か月児健診", "one and a half years"),
    ("3歳児健診", "three years"),
    ("5歳児健診", "five years"),
    ("訪問日", "Visited"),
    ("種別", "Kind"),
    ("新生児訪問", "newborn"),
    ("乳児家庭全戸訪問", "every infant"),
    ("未熟児訪問", "premature infant"),
    ("養育支援訪問", "support of the family"),
    ("母子に面会", "met mother and child"),
    ("母に面会", "met the mother"),
    ("家族に面会", "met the family"),
    ("不在", "nobody at home"),
    ("拒否", "refused"),
    ("居所不明", "address unknown"),
    ("入院中のため延期", "postponed: in hospital"),
    ("里帰り中のため延期", "postponed: with her parents"),
    ("他で実施", "done elsewhere"),
    ("児の確認", "Child seen"),
    ("児を確認", "yes"),
    ("児は未確認", "no"),
    ("家庭環境", "Home"),
    ("なし", "none"),
    ("継続支援", "go on supporting"),
    ("他機関へ連携", "refer"),
    ("緊急対応", "urgent"),
    ("次回予定", "Next visit"),
    ("回数", "Number"),
    ("妊娠週数", "Weeks"),
    ("妊娠高血圧症候群", "Hypertensive disorder"),
    ("妊娠糖尿病", "Gestational diabetes"),
    ("方法", "By"),
    ("内容", "About"),
    // Plan, care, referral.
    ("本人の希望", "Her wish"),
    ("目標", "Goals"),
    ("合意した日", "Agreed"),
    ("見直す日", "Review"),
    ("担当", "Responsible"),
    ("承認番号", "Approval"),
    ("種類", "Kinds"),
    ("利用できる期間の初日", "First day"),
    ("利用できる期間の末日", "Last day"),
    ("承認日数", "Approved"),
    ("残り", "Left"),
    ("延長承認の番号", "Extension"),
    ("減免券の残り", "Tickets left"),
    ("配慮すること", "To be minded"),
    ("利用日数", "Days"),
    ("母の様子", "The mother"),
    ("指導", "Guidance"),
    ("引継ぎ", "Handover"),
    ("利用者負担", "Paid by her"),
    ("宿泊型", "stay"),
    ("デイサービス型", "day use"),
    ("デイサービス型(集団)", "day use in a group"),
    ("デイサービス型(短時間)", "short day use"),
    ("アウトリーチ型", "at home"),
    ("依頼の種別", "Kind"),
    ("緊急度", "Urgency"),
    ("通常", "routine"),
    ("早め", "soon"),
    ("至急", "urgent"),
    ("依頼の理由", "Why"),
    ("依頼日時", "Asked"),
    ("回答期限", "Reply by"),
    ("依頼元", "From"),
    ("依頼先", "To"),
    ("依頼番号", "Number"),
    ("情報提供", "information"),
    ("産後ケア", "postnatal care"),
    ("支援依頼", "support"),
    ("ケース移管", "transfer of a case"),
    (
        "この情報は提供を受けた目的にのみ利用できます。再提供・目的外利用は禁止されています。 / Use only for the stated purpose; do not pass on.",
        "Use only for the stated purpose; do not pass on.",
    ),
    // Purposes and bases.
    ("ケア・保健指導", "care"),
    ("退院調整", "discharge planning"),
    ("妊産婦等の継続的な把握", "keeping in view"),
    ("アセスメント・支援計画", "assessment and plan"),
    ("児童の保護", "protection of a child"),
    ("要保護児童対策地域協議会", "council"),
    ("委託事業", "contracted care"),
    ("請求", "billing"),
    ("転出入・里帰り", "moving"),
    ("本人への開示", "the person's own access"),
    ("緊急", "emergency"),
    ("自機関が作成した記録", "written by your own agency"),
    ("法令上の義務", "a duty under the law"),
    ("緊急時の閲覧", "break-glass"),
    ("法令の定め", "a ground in law"),
    ("法定の事務", "a statutory task"),
    ("本人の同意", "consent"),
    ("関係機関としての共有", "shared while a relation exists"),
    // Categories.
    ("本人情報", "identity"),
    ("住所・連絡先・所在", "whereabouts"),
    ("保険・公費番号", "insurance"),
    ("妊娠経過", "pregnancy"),
    ("分娩・退院(母)", "delivery and discharge"),
    ("産後の身体", "body after birth"),
    ("母のこころ", "state of mind"),
    ("乳幼児健診", "infant checks"),
    ("訪問・相談記録", "visits and talks"),
    ("家庭の状況", "family"),
    ("経済状況", "money"),
    ("要保護・要支援", "protection"),
    ("暴力・安全", "violence and safety"),
    ("紹介・連携の状況", "referrals"),
    ("ケア実施報告", "reports of care"),
    ("性・生殖に関する要配慮", "reproduction and other guarded matters"),
    ("通告者", "the notifier"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_program_says_is_said_in_english() {
        for (japanese, said) in [
            ("令和8年(2026年)10月26日 4:12", "2026-10-26 4:12"),
            ("令和8年(2026年)10月", "2026-10"),
            ("令和8年(2026年)10月26日 4時", "2026-10-26 4 h"),
            ("38週4日", "38 w 4 d"),
            ("12点", "12 points"),
            ("3,000円", "3,000 yen"),
            ("第2子", "child 2"),
            ("宿泊型、デイサービス型", "stay, day use"),
            ("本人の同意、法定の事務", "consent, a statutory task"),
            ("妊産婦等の継続的な把握(P3)", "keeping in view (P3)"),
            ("母・児", "mother, child"),
            ("電話 090-0000-0011", "telephone 090-0000-0011"),
            ("携帯(自宅) 090-0000-0011", "mobile (home) 090-0000-0011"),
        ] {
            assert_eq!(english(japanese), said);
        }
    }

    #[test]
    fn what_people_wrote_stays_as_they_wrote_it() {
        for text in
            ["一晩でいいから眠りたい", "夜(2時)に起きる", "3日", "8/9(1分/5分)", "年)月", "(年)", "電話 夜だけ", ""]
        {
            let said = english(text);
            assert!(said == text || text == "3日", "{text}: {said}");
        }
    }

    #[test]
    fn no_word_is_said_in_two_ways() {
        for (number, (word, _)) in WORDS.iter().enumerate() {
            assert!(WORDS.iter().skip(number + 1).all(|(other, _)| other != word), "{word}");
        }
    }
}
