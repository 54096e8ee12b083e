//! What was typed into a form, or sent with one as a file.

use axum::body::{Body, Bytes};
use axum::extract::multipart::MultipartError;
use axum::extract::{FromRequest, Multipart, Request};
use axum::http::{HeaderMap, StatusCode, header};

/// Bytes of a form without a file: long notes, and no more.
pub(super) const FORM_BYTES_MAX: usize = 256 * 1024;
/// Fields of a form.
const FIELDS_MAX: usize = 200;

/// Fields in the order of the form, and a file where there is one.
#[derive(Default)]
pub(super) struct Form {
    fields: Vec<(String, String)>,
    file: Option<Upload>,
}

/// A file that was sent with a form.
pub(super) struct Upload {
    /// As the browser names it.
    pub(super) name: String,
    pub(super) bytes: Bytes,
}

impl Form {
    /// Reads the fields of a form as browsers send it.
    pub(super) fn of_fields(body: &[u8]) -> Self {
        let fields = form_urlencoded::parse(body).take(FIELDS_MAX);
        Form { fields: fields.map(|(name, value)| (name.into_owned(), value.into_owned())).collect(), file: None }
    }

    /// Reads a form that carries a file.
    ///
    /// # Errors
    /// When it breaks off, or is not what it says.
    pub(super) async fn of_parts(headers: &HeaderMap, body: Vec<u8>) -> Result<Self, StatusCode> {
        let mut request = Request::new(Body::from(body));
        if let Some(content) = headers.get(header::CONTENT_TYPE) {
            request.headers_mut().insert(header::CONTENT_TYPE, content.clone());
        }
        let wrong = |_: MultipartError| StatusCode::BAD_REQUEST;
        let parts = Multipart::from_request(request, &()).await;
        let mut parts = parts.map_err(|_| StatusCode::BAD_REQUEST)?;
        let mut form = Form::default();
        while let Some(part) = parts.next_field().await.map_err(wrong)? {
            let name = part.name().unwrap_or_default().to_owned();
            match part.file_name().map(str::to_owned) {
                Some(file) => form.file = Some(Upload { name: file, bytes: part.bytes().await.map_err(wrong)? }),
                None => form.fields.push((name, part.text().await.map_err(wrong)?)),
            }
            if form.fields.len() > FIELDS_MAX {
                return Err(StatusCode::BAD_REQUEST);
            }
        }
        Ok(form)
    }

    /// What stands in a field, without blanks around it; empty when it is missing.
    pub(super) fn get<'form>(&'form self, name: &str) -> &'form str {
        self.all(name).next().unwrap_or_default()
    }

    /// Everything that was chosen under a name.
    pub(super) fn all<'form>(&'form self, name: &str) -> impl Iterator<Item = &'form str> {
        self.fields.iter().filter(move |(known, _)| known == name).map(|(_, value)| value.trim())
    }

    /// Was it chosen?
    pub(super) fn chose(&self, name: &str, value: &str) -> bool {
        self.all(name).any(|chosen| chosen == value)
    }

    /// Nothing was typed yet.
    pub(super) fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    /// The fields, to be carried on.
    pub(super) fn fields(&self) -> &[(String, String)] {
        &self.fields
    }

    /// The file that came with it.
    pub(super) fn file(&self) -> Option<&Upload> {
        self.file.as_ref().filter(|file| !file.bytes.is_empty())
    }
}
