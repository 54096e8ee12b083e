//! Case exchange of child guidance centers.

pub mod cgc_xml;
