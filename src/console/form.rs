//! What was typed into a form.

/// Bytes of a form: long notes, and no more.
pub(super) const FORM_BYTES_MAX: usize = 256 * 1024;
/// Fields of a form.
const FIELDS_MAX: usize = 200;

/// Fields in the order of the form.
#[derive(Default)]
pub(super) struct Form {
    fields: Vec<(String, String)>,
}

impl Form {
    /// Reads the fields of a form as browsers send it.
    pub(super) fn of_fields(body: &[u8]) -> Self {
        let fields = form_urlencoded::parse(body).take(FIELDS_MAX);
        Form { fields: fields.map(|(name, value)| (name.into_owned(), value.into_owned())).collect() }
    }

    /// What stands in a field, without blanks around it; empty when it is missing.
    pub(super) fn get<'form>(&'form self, name: &str) -> &'form str {
        self.all(name).next().unwrap_or_default()
    }

    /// Everything that was chosen under a name.
    pub(super) fn all<'form>(&'form self, name: &str) -> impl Iterator<Item = &'form str> {
        self.fields.iter().filter(move |(known, _)| known == name).map(|(_, value)| value.trim())
    }

    /// The fields, to be carried on.
    pub(super) fn fields(&self) -> &[(String, String)] {
        &self.fields
    }
}
