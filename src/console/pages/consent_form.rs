//! The consent form (同意書) to print: in words that a mother understands, on two sides of A4, always in Japanese.

use super::consent::FORM;
use crate::console::layout::Said;
use crate::console::plain::{MUST_BE_NAMED, ORDINARY, plain};
use crate::console::visit::{Answered, Visit};
use crate::console::words::Language;
use maud::html;
use std::sync::Arc;

/// The page.
pub(in crate::console) async fn show(visit: Arc<Visit>) -> Answered {
    let center = &visit.caller.agency.name;
    let body = html! {
        p.hint.noprint { (visit.say("このページを印刷して使います(Ctrl+P)。", "Print this page (Ctrl+P).")) }
        article.sheet lang="ja" {
            p.right { "様式 " (FORM.0) " 第" (FORM.1) "版" }
            h2.center { "情報をわたすことについての同意書" }
            p {
                (Said(center)) "は、妊娠中から子育て中まで、あなたと赤ちゃんを続けて支えるために、"
                "病院や産後ケアの事業所などと情報を分けあいたいと考えています。"
            }
            h3 { "はじめに知っておいていただきたいこと" }
            ul {
                li { "同意するかどうかは、あなたが決めます。" b { "同意しなくても、受けられる支援は変わりません。" } }
                li { "一部だけ同意することもできます。印をつけた項目だけが、わたされます。" }
                li { "同意は、いつでもやめられます。電話でも、窓口でも、理由を言わなくてもかまいません。やめた後は、この同意による情報は、もうわたされません(すでにわたされた情報は、消えるわけではありません)。" }
                li { "いつ、どこに、何がわたされたかは、すべて記録されています。見たいときは、いつでもお見せします。" }
                li { "赤ちゃんやお子さんが虐待から守られる必要があるときや、命に関わるときなど、法律で定められた場合には、同意がなくても情報がわたされることがあります。" }
            }
            h3 { "1 だれの情報ですか" }
            p.line { "お名前 ____________________________  生年月日 ______年____月____日" }
            p.line { "赤ちゃん・お子さんのお名前 ________________  生年月日 ______年____月____日" }
            h3 { "2 どこにわたしますか" }
            p.line { "□ " (Said(center)) }
            p.line { "□ 病院・産院(名前: ____________________________)" }
            p.line { "□ 産後ケアをお願いする事業所(名前: ____________________________)" }
            p.line { "□ その他(名前: ____________________________)" }
            h3 { "3 何のためですか" }
            p.line { "□ 妊娠中から子育て中まで続けて様子を知り、必要なときに声をかけるため" }
            p.line { "□ あなたといっしょにサポートプランをつくるため" }
            p.line { "□ 産後ケアを利用するため" }
            h3 { "4 どの情報をわたしてよいですか" }
            div.checks { @for one in ORDINARY { span { "□ " (plain(Language::Japanese, one)) } } }
            p { "次の項目は、特に大切にあつかうものです。わたしてよいものだけ、ご自分で印をつけてください。" }
            div.checks { @for one in MUST_BE_NAMED { span { "□ " (plain(Language::Japanese, one)) } } }
            h3 { "5 いつまでですか" }
            p.line { "______年____月____日まで(いちばん長くて2年、または赤ちゃんの1歳・3歳の誕生日まで)" }
            h3 { "署名" }
            p { "上の説明を聞き、わからないことをたずねることができました。" }
            p.line { "______年____月____日   署名 ____________________________" }
            p.line { "赤ちゃんとの続柄(親権者の方) ________________" }
            p.line { "説明した職員 ____________________  立会人 ____________________" }
        }
    };
    Ok(visit.page("同意書", "Consent form", body).into())
}
