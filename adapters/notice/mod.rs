//! What a person reads: a release as a Japanese page ([`NoticeHtml`]) or as rows ([`NoticeCsv`]).

mod html;
mod rows;
mod shared;

#[cfg(test)]
mod tests;

pub use html::NoticeHtml;
pub use rows::NoticeCsv;
