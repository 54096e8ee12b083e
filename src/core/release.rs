//! placeholder
/// placeholder
#[derive(Debug)]
pub struct Released(());
