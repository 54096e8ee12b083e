//! The columns of PV02 and the words of its codes (`formats/provider.md` section 4).

use crate::table::{Column, Group, KEPT_RAW, Layout};

pub(super) const NAME: &str = "pv02";

pub(super) static LAYOUT: Layout = Layout { name: NAME, columns: &COLUMNS, groups: &GROUPS };

static COLUMNS: [Column; 55] = [
    Column::new("処理区分", "op", "").required(),
    Column::new("記録ID", "record_id", "").required().identifier(),
    Column::new("改版番号", "revision", "").required(),
    Column::new("自治体コード", "municipality", "").required(),
    Column::new("承認番号", "approval_no", "care_delivery.approval_number").required().identifier(),
    Column::new("事業者ID", "provider_id", "care_delivery.provider").required().identifier(),
    Column::new("施設ID", "facility_id", "care_delivery.facility").required().identifier(),
    Column::new("利用種別", "kind", "care_delivery.kind").required(),
    Column::new("開始日時", "start", "care_delivery.start").required(),
    Column::new("終了日時", "end", "care_delivery.end").required(),
    Column::new("利用日数", "days", "care_delivery.days"),
    Column::new("泊数", "nights", "care_delivery.nights"),
    Column::new("実施場所", "place", "care_delivery.place"),
    Column::new("実施結果", "status", "care_delivery.status").required(),
    Column::new("母_体温", "mother_temp", "care_delivery.mother_measurements"),
    Column::new("母_血圧", "mother_bp", "care_delivery.mother_measurements"),
    Column::new("母_睡眠", "mother_sleep", "care_delivery.mother_condition"),
    Column::new("母_食事", "mother_meals", "care_delivery.mother_condition"),
    Column::new("母_悪露", "mother_lochia", "care_delivery.mother_condition"),
    Column::new("母_創部", "mother_wound", "care_delivery.mother_condition"),
    Column::new("母_乳房", "mother_breast", "care_delivery.mother_condition"),
    Column::new("母_心の状態", "mother_mind", KEPT_RAW),
    Column::new("母_ケア内容", "mother_care", "care_delivery.mother_care").expected(),
    Column::new("EPDS実施日", "epds_date", "screening.answered_on"),
    Column::new("EPDS1", "epds_1", "screening.items"),
    Column::new("EPDS2", "epds_2", "screening.items"),
    Column::new("EPDS3", "epds_3", "screening.items"),
    Column::new("EPDS4", "epds_4", "screening.items"),
    Column::new("EPDS5", "epds_5", "screening.items"),
    Column::new("EPDS6", "epds_6", "screening.items"),
    Column::new("EPDS7", "epds_7", "screening.items"),
    Column::new("EPDS8", "epds_8", "screening.items"),
    Column::new("EPDS9", "epds_9", "screening.items"),
    Column::new("EPDS10", "epds_10", "screening.items"),
    Column::new("EPDS合計", "epds_total", "screening.total"),
    Column::new("児の預かり", "separated_minutes", "care_delivery.separated_minutes"),
    Column::new("睡眠時確認", "sleep_check_interval_min", "care_delivery.sleep_check_interval_minutes"),
    Column::new("育児指導・相談", "guidance", "care_delivery.guidance").expected(),
    Column::new("育児指導・相談_内容", "guidance_text", "care_delivery.guidance_text"),
    Column::new("支援の必要性", "followup", "care_delivery.follow_up").expected(),
    Column::new("申し送り", "handover", "care_delivery.handover"),
    Column::new("事故等", "incident_no", "care_delivery.incident_number").identifier(),
    Column::new("利用者負担額", "user_fee", "care_delivery.user_fee_yen").expected(),
    Column::new("減免額", "reduction", "care_delivery.reduction_yen").expected(),
    Column::new("減免券番号", "ticket_no", "care_delivery.tickets").identifier(),
    Column::new("本人確認・同意", "consent_ref", "care_delivery.consent_reference").expected().identifier(),
    Column::new("報告日時", "reported_at", "care_delivery.reported_at"),
    Column::new("母_最高血圧", "mother_sbp", "care_delivery.mother_measurements"),
    Column::new("母_最低血圧", "mother_dbp", "care_delivery.mother_measurements"),
    Column::new("懸念_根拠", "concern_ground", "concern.ground"),
    Column::new("懸念_内容", "concern_text", "concern.text"),
    Column::new("懸念_日時", "concern_at", "concern.observed_at"),
    Column::new("懸念_児キー", "concern_infant", "concern").identifier(),
    Column::new("懸念_通告者", "concern_notifier", "concern.notifier"),
    Column::new("懸念_同意", "concern_consent", "concern.consent_sought"),
];

static GROUPS: [Group; 3] = [
    Group {
        name: "担当者",
        key: "staff",
        members: &[
            Column::new("職種", "role", "care_delivery.staff.role"),
            Column::new("氏名", "name", "care_delivery.staff.name"),
            Column::new("免許番号", "licence", "care_delivery.staff.licence").identifier(),
        ],
    },
    Group {
        name: "夜間配置",
        key: "night_staff",
        members: &[
            Column::new("職種", "role", "care_delivery.night_staff.role"),
            Column::new("開始", "from", "care_delivery.night_staff.from"),
            Column::new("終了", "to", "care_delivery.night_staff.to"),
            Column::new("氏名", "name", "care_delivery.night_staff.name"),
        ],
    },
    Group {
        name: "児",
        key: "infant",
        members: &[
            Column::new("児キー", "key", "care_delivery.infants.key").identifier(),
            Column::new("出生順位", "birth_order", "care_delivery.infants.birth_order"),
            Column::new("体重", "weight", "care_delivery.infants.weight"),
            Column::new("体温", "temp", "care_delivery.infants.temperature"),
            Column::new("哺乳", "feeding", "care_delivery.infants.feeding"),
            Column::new("排泄", "excretion", "care_delivery.infants.excretion"),
            Column::new("皮膚・黄疸", "skin", "care_delivery.infants.skin"),
            Column::new("ケア内容", "care", "care_delivery.infants.care"),
        ],
    },
];

pub(super) const KINDS: [(i32, &str); 5] = [(1, "stay"), (2, "day"), (3, "day_group"), (4, "day_short"), (5, "visit")];
pub(super) const PLACES: [(i32, &str); 3] = [(1, "facility"), (2, "home"), (3, "stay_address")];
pub(super) const STATUSES: [(i32, &str); 6] = [
    (1, "done"),
    (2, "cancelled"),
    (3, "cancelled_same_day"),
    (4, "no_show"),
    (5, "stopped"),
    (6, "provider_cancelled"),
];
pub(super) const ROLES: [(i32, &str); 8] = [
    (1, "midwife"),
    (2, "phn"),
    (3, "nurse"),
    (4, "physician"),
    (5, "psychologist"),
    (6, "childcare"),
    (7, "dietitian"),
    (9, "other"),
];
pub(super) const MOTHER_CARE: [(i32, &str); 7] =
    [(1, "body"), (2, "breast"), (3, "lactation"), (4, "rest"), (5, "mental"), (6, "nutrition"), (7, "other")];
pub(super) const INFANT_CARE: [(i32, &str); 6] =
    [(1, "bathing"), (2, "feeding"), (3, "growth"), (4, "holding"), (5, "sleep"), (6, "other")];
/// Guidance has codes of the municipality's own; they are kept as they are.
pub(super) const GUIDANCE: [(i32, &str); 9] =
    [(1, "1"), (2, "2"), (3, "3"), (4, "4"), (5, "5"), (6, "6"), (7, "7"), (8, "8"), (9, "9")];
pub(super) const FOLLOW_UPS: [(i32, &str); 4] = [(1, "none"), (2, "watch"), (3, "contact"), (4, "urgent")];
