//! A browser at the console of the city: TLS, with the certificate of an agency or without one, a cookie, and forms as a page has them.

use crate::city::City;
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::header::{COOKIE, LOCATION, SET_COOKIE};
use hyper_util::rt::TokioIo;
use musubi::edge::tls::ClientFiles;
use musubi::sample_city;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// Somebody's browser.
pub(crate) struct Browser {
    address: SocketAddr,
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
        let config = ClientConfig::builder().with_root_certificates(roots(&self.config.tls.client_ca));
        Browser::over(self.console(), config.with_no_client_auth())
    }

    /// A browser at this agency, with its certificate.
    pub(crate) fn browser_of(&self, agency: &str) -> Browser {
        Browser::at(self.console(), &sample_city::client_files(&self.config, agency))
    }

    pub(crate) fn console(&self) -> SocketAddr {
        self.running.addresses.console.expect("a console")
    }

    /// A browser in which a sample person has signed in.
    pub(crate) async fn signed_in(&self, agency: &str, staff: &str) -> Browser {
        let mut browser = self.stranger();
        let answer = browser.post("/sign-in", &[("agency", agency), ("staff", staff)]).await;
        assert_eq!((answer.status, answer.header("location")), (303, "/"), "{}", answer.body);
        browser
    }
}

fn roots(file: &Path) -> RootCertStore {
    let mut roots = RootCertStore::empty();
    for root in CertificateDer::pem_file_iter(file).unwrap() {
        roots.add(root.unwrap()).unwrap();
    }
    roots
}

impl Browser {
    fn over(address: SocketAddr, config: ClientConfig) -> Self {
        Browser { address, tls: TlsConnector::from(Arc::new(config)), cookie: None }
    }

    /// With a certificate.
    pub(crate) fn at(address: SocketAddr, files: &ClientFiles) -> Self {
        let chain = CertificateDer::pem_file_iter(&files.certificate).unwrap().map(Result::unwrap).collect();
        let key = PrivateKeyDer::from_pem_file(&files.key).unwrap();
        let config = ClientConfig::builder().with_root_certificates(roots(&files.server_ca));
        Browser::over(address, config.with_client_auth_cert(chain, key).unwrap())
    }

    /// The same browser, led to another hub.
    pub(crate) fn led_to(mut self, address: SocketAddr) -> Self {
        self.address = address;
        self
    }

    /// Does the console answer it at all?
    pub(crate) async fn reaches(&mut self) -> bool {
        self.try_ask("GET", "/sign-in", &[], Vec::new()).await.is_ok()
    }

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
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let headers = [("origin", origin), ("content-type", "application/x-www-form-urlencoded")];
        self.ask("POST", path, &headers, body.into_bytes()).await
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
        self.try_ask(method, path, headers, body).await.unwrap()
    }

    async fn try_ask(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Vec<u8>,
    ) -> Result<Seen, Box<dyn std::error::Error + Send + Sync>> {
        let tcp = TcpStream::connect(self.address).await?;
        let name = ServerName::try_from("127.0.0.1")?;
        let stream = self.tls.connect(name, tcp).await?;
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        let mut request = hyper::Request::builder().method(method).uri(path).header("host", self.address.to_string());
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(cookie) = &self.cookie {
            request = request.header(COOKIE, cookie);
        }
        let answer = sender.send_request(request.body(Full::new(Bytes::from(body)))?).await?;
        let (parts, body) = answer.into_parts();
        if let Some(line) = parts.headers.get(SET_COOKIE) {
            let pair = line.to_str().unwrap().split(';').next().unwrap().to_owned();
            self.cookie = Some(pair).filter(|pair| !pair.ends_with('='));
        }
        let body = body.collect().await?.to_bytes();
        Ok(Seen {
            status: parts.status.as_u16(),
            headers: parts.headers,
            body: String::from_utf8_lossy(&body).into_owned(),
            bytes: body.to_vec(),
        })
    }
}
