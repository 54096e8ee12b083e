//! Somebody's browser at the console: one connection, a cookie, and the forms that the measurement needs.

use super::city::{City, elapsed, now};
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1::SendRequest;
use hyper::header::{COOKIE, SET_COOKIE};
use hyper_util::rt::TokioIo;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use std::sync::Arc;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

pub(super) struct Browser {
    sender: SendRequest<Full<Bytes>>,
    host: String,
    cookie: String,
}

/// A page as it came.
pub(super) struct Page(String);

impl Page {
    pub(super) fn bytes(&self) -> usize {
        self.0.len()
    }

    /// The first address on it that begins so.
    pub(super) fn first_link(&self, begin: &str) -> Option<String> {
        let at = self.0.find(&format!("\"{begin}"))?;
        self.0[at..].split('"').nth(1).map(str::to_owned)
    }
}

impl Browser {
    /// A sample person signs in.
    pub(super) async fn signed_in(city: &City, agency: &str, staff: &str) -> Self {
        let (address, authority) = city.console();
        let mut roots = RootCertStore::empty();
        for root in CertificateDer::pem_file_iter(authority).expect("the authority's file") {
            roots.add(root.expect("a certificate")).expect("an authority");
        }
        let config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
        let tcp = TcpStream::connect(address).await.expect("the console listens");
        let name = ServerName::try_from("127.0.0.1").expect("an address");
        let stream = TlsConnector::from(Arc::new(config)).connect(name, tcp).await.expect("the hub's certificate");
        let handshake = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await;
        let (sender, connection) = handshake.expect("HTTP");
        tokio::spawn(connection);
        let mut browser = Browser { sender, host: address.to_string(), cookie: String::new() };
        let form = format!("agency={agency}&staff={staff}");
        browser.send("POST", "/sign-in", "application/x-www-form-urlencoded", form.into_bytes()).await;
        browser
    }

    pub(super) async fn get(&mut self, path: &str) -> Page {
        self.send("GET", path, "text/plain", Vec::new()).await
    }

    /// Hands in a table; returns the seconds until it was answered.
    pub(super) async fn upload(&mut self, table: &str) -> f64 {
        const BETWEEN: &str = "musubi-boundary";
        let blank = self.get("/upload").await.0;
        let token = blank.split("name=\"token\" value=\"").nth(1).and_then(|rest| rest.split('"').next());
        let token = token.expect("a form of the session");
        let field = |name: &str, value: &str| {
            format!("--{BETWEEN}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
        };
        let file = "Content-Disposition: form-data; name=\"file\"; filename=\"visits.csv\"";
        let (token, format) = (field("token", token), field("format", "ph05"));
        let body = format!("{token}{format}--{BETWEEN}\r\n{file}\r\n\r\n{table}\r\n--{BETWEEN}--\r\n");
        let began = now();
        let content = format!("multipart/form-data; boundary={BETWEEN}");
        let answer = self.send("POST", "/upload", &content, body.into_bytes()).await;
        let seconds = elapsed(began).as_secs_f64();
        assert!(answer.0.contains("受け取りました") && !answer.0.contains("受け取れません"), "{}", answer.0);
        seconds
    }

    async fn send(&mut self, method: &str, path: &str, content: &str, body: Vec<u8>) -> Page {
        let request = hyper::Request::builder()
            .method(method)
            .uri(path)
            .header("host", &self.host)
            .header("origin", format!("https://{}", self.host))
            .header("content-type", content)
            .header(COOKIE, &self.cookie)
            .body(Full::new(Bytes::from(body)))
            .expect("a request");
        self.sender.ready().await.expect("the connection stays");
        let answer = self.sender.send_request(request).await.expect("an answer");
        let (parts, body) = answer.into_parts();
        assert!(parts.status.is_success() || parts.status.as_u16() == 303, "{path}: {}", parts.status);
        if let Some(line) = parts.headers.get(SET_COOKIE).and_then(|line| line.to_str().ok()) {
            self.cookie = line.split(';').next().unwrap_or_default().to_owned();
        }
        let body = body.collect().await.expect("the whole body").to_bytes();
        Page(String::from_utf8_lossy(&body).into_owned())
    }
}
