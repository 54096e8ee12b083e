//! The narrow key: old and new forms of one character made equal, for comparing names (`formats/common_japan.md` section 4).
//!
//! The wide key of that section, built from the register and JIS X 0213 tables, is not here.

use std::collections::BTreeMap;
use std::sync::LazyLock;
use unicode_normalization::UnicodeNormalization;

/// Forms that families and offices use for each other though no official table pairs all of them; the key letter first.
const HAND_LIST: &str = "高髙 崎﨑嵜 辺邊邉 徳德 浜濱濵 柳栁 吉𠮷 瀬瀨";

/// Common-use characters (常用漢字) with the forms they replaced; the key letter first. Forms that NFKC makes equal are not repeated.
const COMMON_USE: &str = "
亜亞 悪惡 圧壓 囲圍 医醫 為爲 壱壹 隠隱 栄榮 営營 衛衞 駅驛 円圓 塩鹽 縁緣 艶艷 応應 欧歐 殴毆 桜櫻 奥奧 横橫 温溫 穏穩
仮假 価價 画畫 会會 絵繪 壊壞 懐懷 拡擴 殻殼 覚覺 学學 岳嶽 楽樂 渇渴 缶罐 巻卷 陥陷 勧勸 寛寬 関關 歓歡 観觀 気氣 既旣
帰歸 偽僞 戯戲 犠犧 旧舊 拠據 挙擧 虚虛 峡峽 挟挾 狭狹 郷鄕 暁曉 区區 駆驅 勲勳 薫薰 径徑 茎莖 恵惠 掲揭 渓溪 経經
蛍螢 軽輕 継繼 鶏鷄 芸藝 撃擊 欠缺 研硏 県縣 倹儉 剣劍 険險 圏圈 検檢 献獻 権權 顕顯 験驗 厳嚴 広廣 効效 恒恆 黄黃 鉱鑛
号號 国國 黒黑 砕碎 済濟 斎齋 剤劑 雑雜 参參 桟棧 蚕蠶 惨慘 賛贊 残殘 糸絲 歯齒 児兒 辞辭 湿濕 実實 写寫 釈釋 寿壽 収收
従從 渋澁 獣獸 縦縱 粛肅 処處 緒緖 叙敍 将將 称稱 渉涉 焼燒 証證 奨奬獎 条條 状狀 乗乘 浄淨 剰剩 畳疊 縄繩 壌壤 嬢孃
譲讓 醸釀 触觸 嘱囑 真眞 寝寢 慎愼 尽盡 図圖 粋粹 酔醉 穂穗 随隨 髄髓 枢樞 数數 声聲 斉齊 青靑 清淸 静靜 窃竊 摂攝
専專 浅淺 戦戰 践踐 銭錢 潜潛 繊纖 禅禪 双雙 壮壯 争爭 荘莊 捜搜 挿插 巣巢 曽曾 痩瘦 装裝 総總 騒騷 増增 蔵藏
臓臟 即卽 属屬 続續 堕墮 対對 体體 帯帶 滞滯 台臺 滝瀧 択擇 沢澤 担擔 単單 胆膽 団團 断斷 弾彈 遅遲 痴癡 虫蟲 昼晝 鋳鑄
庁廳 徴徵 聴聽 勅敕 鎮鎭 逓遞 鉄鐵 点點 転轉 伝傳 灯燈 当當 党黨 盗盜 稲稻 闘鬪鬭 独獨 読讀 届屆 弐貳 悩惱 脳腦 覇霸 拝拜
廃廢 売賣 麦麥 発發 髪髮 抜拔 蛮蠻 秘祕 瓶甁 払拂 仏佛 併倂 並竝 餅餠 変變 歩步 宝寶 豊豐 褒襃 翻飜 毎每 万萬 満滿
麺麵 黙默 弥彌 訳譯 薬藥 与與 予豫 余餘 誉譽 揺搖 様樣 謡謠 来來 頼賴 乱亂 覧覽 竜龍 両兩 猟獵 緑綠 涙淚 塁壘 礼禮 励勵
戻戾 霊靈 隷隸 齢齡 暦曆 歴歷 恋戀 錬鍊 炉爐 労勞 楼樓 録錄 湾灣 概槪 晩晚 郎郞 亀龜 頰頬 剝剥 塡填 𠮟叱 姫姬 産產
説說 税稅 脱脫 鋭銳 閲閱 悦悅 尚尙 教敎 強强 戸戶 顔顏 彦彥 聡聰 内內 呉吳 娯娛
";

/// Characters for names (人名用漢字) with their second form; the key letter first.
const NAMES: &str = "
亘亙 凜凛 尭堯 巌巖 晃晄 桧檜 槙槇 祢禰 祷禱 禄祿 穣穰 萌萠 遥遙 園薗 富冨 島嶋 峰峯 野埜 杯盃 涼凉 駆駈 瑶瑤
";

static FOLDS: LazyLock<BTreeMap<char, &'static str>> = LazyLock::new(|| {
    let mut folds = BTreeMap::new();
    for class in [HAND_LIST, COMMON_USE, NAMES].into_iter().flat_map(str::split_whitespace) {
        for letter in class.chars() {
            folds.entry(letter).or_insert(class);
        }
    }
    folds
});

/// Does this choose a glyph of the character before it (異体字セレクタ)?
pub const fn is_variation_selector(letter: char) -> bool {
    matches!(letter, '\u{FE00}'..='\u{FE0F}' | '\u{E0100}'..='\u{E01EF}')
}

/// The narrow key of a name: NFKC without spaces and variation selectors, old forms folded to new ones, lower case.
///
/// For comparing only: never stored in the place of a name, never sent.
pub fn narrow_key(text: &str) -> String {
    let folded = text.nfkc().filter(|letter| !letter.is_whitespace() && !is_variation_selector(*letter)).map(fold);
    folded.flat_map(char::to_lowercase).nfkc().filter(|letter| !letter.is_whitespace()).collect()
}

/// The other forms of a character, the common one first.
pub fn variants(letter: char) -> impl Iterator<Item = char> {
    let class = FOLDS.get(&letter).copied().unwrap_or("");
    let plain = std::iter::once(letter).nfkc().next().filter(|plain| *plain != letter);
    plain.into_iter().chain(class.chars().filter(move |variant| *variant != letter))
}

fn fold(letter: char) -> char {
    FOLDS.get(&letter).and_then(|class| class.chars().next()).unwrap_or(letter)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn old_and_new_forms_of_a_name_have_one_key() {
        let pairs = [
            ("髙柳　沙耶", "高柳 沙耶"),
            ("槙野葵", "槇野葵"),
            ("凜", "凛"),
            ("山﨑", "山崎"),
            ("山嵜", "山崎"),
            ("渡邉", "渡辺"),
            ("渡邊", "渡辺"),
            ("德田", "徳田"),
            ("濵田", "浜田"),
            ("濱田", "浜田"),
            ("栁", "柳"),
            ("𠮷田", "吉田"),
            ("瀨戸", "瀬戸"),
            ("\u{FA19}田", "神田"),
            ("\u{FA10}本", "塚本"),
            ("\u{F9DC}", "隆"),
            ("葛\u{E0100}西", "葛西"),
            ("齊藤", "斉藤"),
            ("齋藤", "斎藤"),
            ("眞櫻", "真桜"),
        ];
        for (one, other) in pairs {
            assert_eq!(narrow_key(one), narrow_key(other), "{one} {other}");
        }
    }

    #[test]
    fn different_names_keep_different_keys() {
        for (one, other) in [("斉藤", "斎藤"), ("崎", "埼"), ("崎", "碕"), ("土", "士"), ("大田", "太田"), ("弁", "辨")]
        {
            assert_ne!(narrow_key(one), narrow_key(other), "{one} {other}");
        }
    }

    #[test]
    fn no_character_stands_in_two_classes_that_begin_differently() {
        let mut seen = BTreeMap::new();
        for class in [HAND_LIST, COMMON_USE, NAMES].into_iter().flat_map(str::split_whitespace) {
            for letter in class.chars() {
                let first = class.chars().next();
                assert_eq!(*seen.entry(letter).or_insert(first), first, "{letter}");
            }
        }
    }

    #[test]
    fn the_public_tables_of_variants_are_covered() {
        for file in ["cjkvi-joyo-variants.txt", "cjkvi-jinmei-variants.txt"] {
            let Some(pairs) = pairs(file) else {
                println!("MUSUBI_CORPUS not set: {file} was not tried");
                continue;
            };
            let missing: Vec<_> = pairs.iter().filter(|(one, other)| narrow_key(one) != narrow_key(other)).collect();
            println!("{file}: {} of {} pairs fold; missing {missing:?}", pairs.len() - missing.len(), pairs.len());
            assert!(missing.len() * 20 <= pairs.len(), "{file}");
        }
    }

    fn pairs(file: &str) -> Option<Vec<(String, String)>> {
        let folder = std::env::var("MUSUBI_CORPUS").ok()?;
        let text = std::fs::read_to_string(std::path::Path::new(&folder).join("common").join(file)).ok()?;
        let rows = text.lines().filter(|line| line.contains("/variant,") && !line.contains(['<', '#']));
        let columns = rows.filter_map(|line| {
            let mut columns = line.split(',');
            Some((columns.next()?.to_owned(), columns.nth(1)?.to_owned()))
        });
        Some(columns.collect())
    }

    proptest! {
        #[test]
        fn the_narrow_key_of_a_key_is_itself(text in any::<String>()) {
            let key = narrow_key(&text);
            prop_assert_eq!(narrow_key(&key), key);
        }
    }
}
