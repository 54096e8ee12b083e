//! The table of every decision, as a legal officer reads it: `policy/decisions.md`.
//!
//! It is written from the surveys, which ask about every combination; rows that say the same are one. With
//! `MUSUBI_WRITE_SNAPSHOTS` set the test writes the file for somebody to look at.

use super::super::bits::columns;
use super::super::{Cell, Outcome, Rule};
use super::gates::{self, GATES, GOES_ON};
use super::people::policy;
use super::survey::{self, Answers, BELOW, Factor, Said, place};
use crate::agency::{AgencyKind, Category, CategorySet};
use std::fmt::Write as _;

/// What is left of a table when answers that do not differ are one.
#[derive(Clone, PartialEq)]
enum Tree {
    /// `None`: this combination cannot come.
    Says(Option<Said>),
    /// The place of a factor, and what each of its values leads to.
    Asks(usize, Vec<(Vec<usize>, Tree)>),
}

fn tree(factors: &[Factor], values: &mut Vec<usize>, answers: &Answers) -> Tree {
    let at = values.len();
    let Some(factor) = factors.get(at) else { return Tree::Says(answers[place(factors, values)]) };
    let mut branches: Vec<(Vec<usize>, Tree)> = Vec::new();
    for value in 0..factor.values.len() {
        values.push(value);
        let below = tree(factors, values, answers);
        values.pop();
        match branches.iter_mut().find(|(_, known)| *known == below) {
            _ if below == Tree::Says(None) => {}
            Some((same, _)) => same.push(value),
            None => branches.push((vec![value], below)),
        }
    }
    match branches.len() {
        0 => Tree::Says(None),
        1 => branches.remove(0).1,
        _ => Tree::Asks(at, branches),
    }
}

/// One row: the values of each factor, none where it does not matter.
type Row = (Vec<Option<Vec<usize>>>, Said);

fn rows(tree: &Tree, path: &mut Vec<Option<Vec<usize>>>, all: &mut Vec<Row>) {
    match tree {
        Tree::Says(said) => all.extend(said.map(|said| (path.clone(), said))),
        Tree::Asks(at, branches) => {
            for (values, below) in branches {
                path[*at] = Some(values.clone());
                rows(below, path, all);
                path[*at] = None;
            }
        }
    }
}

fn table(factors: &[Factor], answers: &Answers, text: &mut String) {
    let mut all = Vec::new();
    let mut path = vec![None; factors.len()];
    rows(&tree(factors, &mut Vec::new(), answers), &mut path, &mut all);
    // A factor that never matters here has no column.
    let used: Vec<usize> = (0..factors.len()).filter(|at| all.iter().any(|(row, _)| row[*at].is_some())).collect();
    let names = used.iter().map(|at| factors[*at].name);
    line(names.chain(["判断", "規則"]), text);
    line(std::iter::repeat_n("---", used.len() + 2), text);
    for (row, (outcome, rule)) in &all {
        let cells = used.iter().map(|at| match &row[*at] {
            Some(values) => values.iter().map(|value| factors[*at].values[*value]).collect::<Vec<_>>().join("・"),
            None => "―".to_owned(),
        });
        let (outcome, rule) = (outcome_words(*outcome, *rule), rule_words(*rule));
        line(cells.chain([outcome, rule]), text);
    }
}

fn line(cells: impl Iterator<Item = impl AsRef<str>>, text: &mut String) {
    for cell in cells {
        write!(text, "| {} ", cell.as_ref()).unwrap();
    }
    text.push_str("|\n");
}

fn outcome_words(outcome: Outcome, rule: Rule) -> String {
    match (outcome, rule) {
        goes_on if goes_on == GOES_ON => "4の表へ".to_owned(),
        (Outcome::Permit, _) => "開示".to_owned(),
        (Outcome::General, _) => "概括した形で開示".to_owned(),
        (Outcome::Hold, _) => "保留(人が判断)".to_owned(),
        (Outcome::Deny, _) => "開示しない".to_owned(),
        (Outcome::Refuse, _) => "受け付けない".to_owned(),
    }
}

fn rule_words(rule: Rule) -> String {
    match rule {
        Rule::Ground(_) => "T5.(その根拠)".to_owned(),
        Rule::Duty(_) => "T2.(その根拠)".to_owned(),
        Rule::Ceiling => "T4".to_owned(),
        fixed => fixed.to_string(),
    }
}

fn words(set: CategorySet) -> String {
    set.iter().map(Category::word).collect::<Vec<_>>().join(" ")
}

fn kinds(of: &[AgencyKind]) -> String {
    of.iter().map(|kind| kind.word()).collect::<Vec<_>>().join(" ")
}

fn matrix(text: &mut String) {
    let pairs: Vec<_> = columns(policy()).collect();
    let heads = pairs.iter().map(|(kind, purpose)| format!("{kind}/{purpose}"));
    line(["区分".to_owned()].into_iter().chain(heads), text);
    line(std::iter::repeat_n("---", pairs.len() + 1), text);
    for category in Category::ALL {
        let cells = pairs.iter().filter_map(|(kind, purpose)| policy().cell(*kind, *purpose, *category));
        let head = format!("{category} {}", category.japanese());
        line([head].into_iter().chain(cells.map(|cell| cell.word().to_owned())), text);
    }
}

fn grounds(text: &mut String) {
    line(["符号", "名称", "法令", "受けられる機関", "開示できる区分", "個別の承認を要する区分"].iter(), text);
    line(std::iter::repeat_n("---", 6), text);
    for ground in policy().grounds() {
        let member = if ground.members { "(会議の構成員)" } else { "" };
        let cells = [
            ground.code.to_string(),
            ground.label.clone(),
            ground.statute.clone(),
            format!("{}{member}", kinds(&ground.recipients)),
            words(ground.mask),
            words(ground.explicit),
        ];
        line(cells.iter(), text);
    }
}

fn emergency(text: &mut String) {
    line(["機関", "緊急閲覧で見える区分"].iter(), text);
    line(std::iter::repeat_n("---", 2), text);
    for kind in AgencyKind::ALL {
        line([kind.word().to_owned(), words(policy().emergency(*kind))].iter(), text);
    }
}

const CELLS: [(Cell, &str); 7] = [
    (Cell::Task, "法定事務・委託された処理"),
    (Cell::Default, "関係がある間の既定"),
    (Cell::General, "概括した形での既定、同意があれば全部"),
    (Cell::Consent, "同意"),
    (Cell::ConsentOrGround, "同意または法的根拠"),
    (Cell::Ground, "法的根拠のみ"),
    (Cell::Never, "決して開かない"),
];

fn whole() -> String {
    let (below, gates) = (&*survey::SURVEY, &*gates::SURVEY);
    let mut text = String::from(HEAD);
    text.push_str("## 1 門(T0からT3)\n\n");
    table(&GATES, &gates.table, &mut text);
    text.push_str("\n## 2 機関・目的と区分の表\n\n");
    matrix(&mut text);
    text.push_str("\n## 3 表の注\n\n");
    for note in &policy().adjustments {
        writeln!(text, "- {}({} になる)", note.label, note.to).unwrap();
    }
    text.push_str("\n## 4 記号ごとの判断(T4からT11)\n\n");
    text.push_str(
        "同意は、期限が切れたもの、撤回されたものを「なし」とします。「包括」は「すべて」と書かれた同意です。\n",
    );
    text.push_str("根拠は、受ける機関・対象者・主張した区分のすべてに届くものを「あり」とします。要明記は ");
    writeln!(text, "{} です。", words(policy().must_be_named)).unwrap();
    for (cell, meaning) in CELLS {
        writeln!(text, "\n### {cell} {meaning}\n").unwrap();
        table(&BELOW, &below.tables[&cell], &mut text);
    }
    text.push_str("\n## 5 根拠\n\n");
    grounds(&mut text);
    text.push_str("\n## 6 緊急閲覧\n\n");
    emergency(&mut text);
    text
}

const HEAD: &str = "\
# 開示判断の一覧表

この表は、判断のすべての組合せをプログラムに問い、同じ答えの行をまとめたものです。行は重なりません。「―」は問いません。法務担当者の確認用で、手では書き換えません。
Every decision, asked of the program for each combination of facts; rows with the same answer are one. Not written by hand.

判断は「1 門」から始め、門が開いていれば「2 表」の記号(「3 注」で変わることがあります)を調べ、その記号の「4」の表で決まります。

";

#[test]
fn the_table_of_every_decision_is_the_one_that_was_reviewed() {
    let text = whole();
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../policy/decisions.md");
    if std::env::var_os("MUSUBI_WRITE_SNAPSHOTS").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap();
    let first = text.lines().zip(kept.lines()).find(|(now, kept)| now != kept);
    assert!(kept == text, "policy/decisions.md differs, first at: {first:?}");
}

#[test]
fn the_bit_formula_and_the_tiers_agree_on_every_combination_in_every_cell() {
    for (differences, decisions, least) in [
        (&survey::SURVEY.differences, survey::SURVEY.decisions, 5_000_000),
        (&gates::SURVEY.differences, gates::SURVEY.decisions, 5_000_000),
    ] {
        assert_eq!(differences.first(), None, "and {} more", differences.len());
        assert!(decisions > least, "{decisions}");
        println!("{decisions} decisions by tiers and by words, no difference");
    }
}
