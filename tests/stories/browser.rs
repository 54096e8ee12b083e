//! A browser at the console of the city: TLS without a certificate of its own, a cookie, and forms as a page has them.

use crate::city::City;
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::header::{COOKIE, LOCATION, SET_COOKIE};
use hyper_util::rt::TokioIo;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use std::sync::Arc;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// Somebody's browser.
pub(crate) struct Browser {
    address: std::net::SocketAddr,
    tls: TlsConnector,
    pub(crate) cookie: Option<String>,
}

/// A page as it came.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) status: u16,
    pub(crate) headers: hyper::HeaderMap,
    pub(crate) body: String,
    pub(crate) bytes: Vec<u8>,
}

impl Seen {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub(crate) fn says(&self, words: &str) -> bool {
        self.body.contains(words)
    }

    /// The token of the session, as a form of the page carries it.
    pub(crate) fn token(&self) -> &str {
        after(&self.body, r#"name="token" value=""#).expect("a form of the session")
    }

    /// The first address on the page that begins so.
    pub(crate) fn link(&self, begin: &str) -> &str {
        let found = ["href=\"", "action=\""].into_iter().find_map(|name| {
            let at = self.body.find(&format!("{name}{begin}"))?;
            after(&self.body[at..], name)
        });
        found.unwrap_or_else(|| panic!("no address {begin} on {}", self.body))
    }

    /// The last address that begins so before these words: that of the link which they stand in.
    pub(crate) fn link_of(&self, begin: &str, words: &str) -> &str {
        let before = self.body.split(words).next().unwrap_or_default();
        let at = before.rfind(&format!("href=\"{begin}")).unwrap_or_else(|| panic!("no link {words} on {}", self.body));
        after(&self.body[at..], "href=\"").unwrap()
    }

    /// The part of the page from these words on.
    pub(crate) fn from(&self, words: &str) -> Seen {
        let at = self.body.find(words).unwrap_or_else(|| panic!("{words} is not on the page: {}", self.body));
        Seen { body: self.body[at..].to_owned(), headers: self.headers.clone(), bytes: Vec::new(), ..*self }
    }
}

fn after<'a>(text: &'a str, words: &str) -> Option<&'a str> {
    let rest = &text[text.find(words)? + words.len()..];
    rest.split('"').next()
}

impl City {
    /// A browser that has not signed in.
    pub(crate) fn stranger(&self) -> Browser {
        let mut roots = RootCertStore::empty();
        for root in CertificateDer::pem_file_iter(&self.config.tls.client_ca).unwrap() {
            roots.add(root.unwrap()).unwrap();
        }
        let config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
        let address = self.running.addresses.console.expect("a console");
        Browser { address, tls: TlsConnector::from(Arc::new(config)), cookie: None }
    }

    /// A browser in which a sample person has signed in.
    pub(crate) async fn signed_in(&self, agency: &str, staff: &str) -> Browser {
        let mut browser = self.stranger();
        let answer = browser.post("/sign-in", &[("agency", agency), ("staff", staff)]).await;
        assert_eq!((answer.status, answer.header("location")), (303, "/"), "{}", answer.body);
        browser
    }
}

impl Browser {
    pub(crate) async fn get(&mut self, path: &str) -> Seen {
        self.ask("GET", path, &[], Vec::new()).await
    }

    /// Follows where an answer leads.
    pub(crate) async fn follow(&mut self, answer: Seen) -> Seen {
        let to = answer.headers.get(LOCATION).unwrap_or_else(|| panic!("{}", answer.body)).to_str().unwrap().to_owned();
        self.get(&to).await
    }

    /// Sends a form from a page of the console itself.
    pub(crate) async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Seen {
        let origin = format!("https://{}", self.address);
        self.post_from(&origin, path, fields).await
    }

    /// Sends a form with the token of the page that it stands on.
    pub(crate) async fn submit(&mut self, page: &Seen, action: &str, fields: &[(&str, &str)]) -> Seen {
        let fields: Vec<(&str, &str)> = [("token", page.token())].into_iter().chain(fields.iter().copied()).collect();
        self.post(action, &fields).await
    }

    pub(crate) async fn post_from(&mut self, origin: &str, path: &str, fields: &[(&str, &str)]) -> Seen {
        let mut body = form_urlencoded::Serializer::new(String::new());
        body.extend_pairs(fields);
        let headers = [("origin", origin), ("content-type", "application/x-www-form-urlencoded")];
        self.ask("POST", path, &headers, body.finish().into_bytes()).await
    }

    /// Sends a form with a file.
    pub(crate) async fn upload(
        &mut self,
        page: &Seen,
        action: &str,
        fields: &[(&str, &str)],
        file: (&str, &[u8]),
    ) -> Seen {
        const BETWEEN: &str = "musubi-boundary";
        let mut body = Vec::new();
        let token = [("token", page.token())];
        for (name, value) in token.iter().chain(fields) {
            let part = format!("--{BETWEEN}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
            body.extend_from_slice(part.as_bytes());
        }
        let named = format!("name=\"file\"; filename=\"{}\"", file.0);
        body.extend_from_slice(format!("--{BETWEEN}\r\nContent-Disposition: form-data; {named}\r\n\r\n").as_bytes());
        body.extend_from_slice(file.1);
        body.extend_from_slice(format!("\r\n--{BETWEEN}--\r\n").as_bytes());
        let origin = format!("https://{}", self.address);
        let content = format!("multipart/form-data; boundary={BETWEEN}");
        self.ask("POST", action, &[("origin", &origin), ("content-type", &content)], body).await
    }

    async fn ask(&mut self, method: &str, path: &str, headers: &[(&str, &str)], body: Vec<u8>) -> Seen {
        let tcp = TcpStream::connect(self.address).await.unwrap();
        let name = ServerName::try_from("127.0.0.1").unwrap();
        let stream = self.tls.connect(name, tcp).await.unwrap();
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        let mut request = hyper::Request::builder().method(method).uri(path).header("host", self.address.to_string());
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(cookie) = &self.cookie {
            request = request.header(COOKIE, cookie);
        }
        let answer = sender.send_request(request.body(Full::new(Bytes::from(body))).unwrap()).await.unwrap();
        let (parts, body) = answer.into_parts();
        if let Some(line) = parts.headers.get(SET_COOKIE) {
            let pair = line.to_str().unwrap().split(';').next().unwrap().to_owned();
            self.cookie = Some(pair).filter(|pair| !pair.ends_with('='));
        }
        let body = body.collect().await.unwrap().to_bytes();
        Seen {
            status: parts.status.as_u16(),
            headers: parts.headers,
            body: String::from_utf8_lossy(&body).into_owned(),
            bytes: body.to_vec(),
        }
    }
}
