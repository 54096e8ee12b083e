//! The columns of HP01 and the words of its codes.

use crate::table::{Column, Group, KEPT_RAW, Layout};

pub(super) const NAME: &str = "hp01";
/// The repeated columns of each child.
pub(super) const CHILD: &str = "child";

pub(super) static LAYOUT: Layout = Layout { name: NAME, columns: &COLUMNS, groups: &GROUPS };

static COLUMNS: [Column; 41] = [
    Column::new("処理区分", "op", "").required(),
    Column::new("記録ID", "record_id", "").required().identifier(),
    Column::new("改版番号", "revision", "").required(),
    Column::new("自治体コード", "municipality", ""),
    Column::new("母_患者ID", "mother_id", "person_details.identifiers").required().identifier(),
    Column::new("母_氏名", "mother_name", "person_details.names").required(),
    Column::new("母_カナ氏名", "mother_name_kana", "person_details.names").required(),
    Column::new("母_生年月日", "mother_birth_date", "person_details.birth_date").required(),
    Column::new("母_住所", "address", "person_details.addresses"),
    Column::new("母_電話番号", "phone", "person_details.contacts"),
    Column::new("不開示フラグ", "not_disclosed", "person_details.not_disclosed").required(),
    Column::new("入院年月日", "admitted_on", "discharge_notice.admitted_at"),
    Column::new("退院年月日", "discharged_on", "discharge_notice.discharged_at").expected(),
    Column::new("退院予定日", "expected_on", "discharge_notice.expected_discharge_at"),
    Column::new("退院先", "destination", "discharge_notice.destination"),
    Column::new("病棟", "ward", "discharge_notice.ward"),
    Column::new("診療科", "department", "discharge_notice.department"),
    Column::new("担当者", "attending", "discharge_notice.attending"),
    Column::new("分娩日時", "delivered_at", "delivery.delivered_at"),
    Column::new("妊娠週数", "gestation", "delivery.gestation_days"),
    Column::new("分娩方法", "method", "delivery.method"),
    Column::new("分娩の転帰", "outcome", "delivery.outcome"),
    Column::new("出血量", "blood_loss", "delivery.blood_loss"),
    Column::new("出生児数", "child_count", "delivery.child_count"),
    Column::new("EPDS実施日", "epds_date", "screening.answered_on"),
    Column::new("EPDS合計", "epds_total", "screening.total"),
    Column::new("EPDS項目10", "epds_10", "screening.self_harm_item"),
    Column::new("依頼事項", "request", "discharge_notice.request"),
    Column::new("同意書番号", "consent", "submission.basis").identifier(),
    Column::new("提供の根拠", "ground", "submission.basis"),
    Column::new("根拠の理由", "ground_reason", KEPT_RAW),
    Column::new("連絡先_担当", "contact_name", "discharge_notice.request"),
    Column::new("連絡先_電話", "contact_phone", "discharge_notice.request"),
    Column::new("備考", "note", KEPT_RAW),
    Column::new("懸念_根拠", "concern_ground", "concern.ground"),
    Column::new("懸念_内容", "concern_text", "concern.text"),
    Column::new("懸念_日時", "concern_at", "concern.observed_at"),
    Column::new("懸念_児キー", "concern_infant", "concern").identifier(),
    Column::new("懸念_通告者", "concern_notifier", "concern.notifier"),
    Column::new("懸念_同意", "concern_consent", "concern.consent_sought"),
    Column::new("作成日時", "created_at", "").required(),
];

static GROUPS: [Group; 1] = [Group { name: "児", key: CHILD, members: &CHILD_COLUMNS }];

static CHILD_COLUMNS: [Column; 15] = [
    Column::new("患者ID", "id", "person_details.identifiers").identifier(),
    Column::new("氏名", "name", "person_details.names"),
    Column::new("カナ氏名", "name_kana", "person_details.names"),
    Column::new("性別", "sex", "person_details.sex"),
    Column::new("出生日時", "born_at", "newborn.born_at"),
    Column::new("出生順位", "order", "newborn.birth_order"),
    Column::new("在胎週数", "gestation", "newborn.gestation_days"),
    Column::new("出生体重", "weight", "newborn.birth_weight"),
    Column::new("身長", "length", "newborn.birth_length"),
    Column::new("頭囲", "head", "newborn.head_circumference"),
    Column::new("アプガー1分", "apgar_1", "newborn.apgar_1"),
    Column::new("アプガー5分", "apgar_5", "newborn.apgar_5"),
    Column::new("アプガー10分", "apgar_10", "newborn.apgar_10"),
    Column::new("NICU", "nicu", "newborn.intensive_care"),
    Column::new("現在の所在", "location", "newborn.present_location"),
];

/// 退院先, as table 0112 has it.
pub(super) const DESTINATIONS: [(i32, &str); 5] = [(1, "01"), (2, "02"), (3, "03"), (7, "07"), (20, "20")];

/// 分娩の転帰. No child is made of anything but a live birth.
pub(super) const OUTCOMES: [(i32, &str); 4] = [(1, "live"), (2, "stillbirth"), (3, "miscarriage"), (4, "termination")];

pub(super) const METHODS: [(i32, &str); 5] =
    [(1, "vaginal"), (2, "caesarean"), (3, "vacuum"), (4, "forceps"), (9, "other")];
