//! placeholder
/// placeholder
#[derive(Debug)]
pub struct Submission(());
