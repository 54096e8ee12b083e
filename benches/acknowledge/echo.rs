//! What tonic alone does with the same bytes: a server of its own transport that sends each request back, over mutual TLS with the hub's
//! certificate, called by the hospital. It knows no message and keeps nothing.

use bytes::{Buf, BufMut, Bytes};
use musubi::clock::SystemClock;
use musubi::config::Config;
use musubi::edge::tls::ClientTls;
use musubi::load::Round;
use musubi::sample_city::{HOSPITAL, client_files};
use std::convert::Infallible;
use std::future::{Ready, ready};
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::task::{Context, Poll};
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::body::Body;
use tonic::client::Grpc;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::codegen::http::uri::PathAndQuery;
use tonic::codegen::{BoxFuture, Service, http};
use tonic::server::{NamedService, UnaryService};
use tonic::transport::{Certificate, Channel, Identity, Server, ServerTlsConfig};
use tonic::{Request, Response, Status};

const PATH: PathAndQuery = PathAndQuery::from_static("/musubi.bench.Echo/Echo");

/// A message is its bytes.
#[derive(Clone, Copy, Default)]
struct Plain;

impl Codec for Plain {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Plain;
    type Decoder = Plain;

    fn encoder(&mut self) -> Plain {
        Plain
    }

    fn decoder(&mut self) -> Plain {
        Plain
    }
}

impl Encoder for Plain {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, item: Bytes, into: &mut EncodeBuf<'_>) -> Result<(), Status> {
        into.put(item);
        Ok(())
    }
}

impl Decoder for Plain {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, from: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(from.copy_to_bytes(from.remaining())))
    }
}

#[derive(Clone, Copy)]
struct Echo;

impl NamedService for Echo {
    const NAME: &'static str = "musubi.bench.Echo";
}

impl UnaryService<Bytes> for Echo {
    type Response = Bytes;
    type Future = Ready<Result<Response<Bytes>, Status>>;

    fn call(&mut self, request: Request<Bytes>) -> Self::Future {
        ready(Ok(Response::new(request.into_inner())))
    }
}

impl Service<http::Request<Body>> for Echo {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<Self::Response, Infallible>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        Box::pin(async move { Ok(tonic::server::Grpc::new(Plain).unary(Echo, request).await) })
    }
}

/// The hospital's connection to such a server, which runs until the process ends.
pub(super) async fn start(config: &Config) -> Channel {
    let read = |path| std::fs::read(path).expect("the hub's files");
    let tls = ServerTlsConfig::new()
        .identity(Identity::from_pem(read(&config.tls.certificate), read(&config.tls.key)))
        .client_ca_root(Certificate::from_pem(read(&config.tls.client_ca)));
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
    let address = listener.local_addr().expect("its address").to_string();
    let server = Server::builder().tcp_nodelay(true).tls_config(tls).expect("TLS").add_service(Echo);
    tokio::spawn(server.serve_with_incoming(TcpListenerStream::new(listener)));
    let files = client_files(config, HOSPITAL);
    let tls = ClientTls::open(&files, musubi::ca::Subject::Hub, "localhost", Arc::new(SystemClock)).expect("TLS");
    tls.channel(&address).expect("an address")
}

/// One round of so many callers at once, each with its bodies in turn.
pub(super) async fn round(channel: &Channel, shares: &[Vec<Vec<u8>>], each: usize) -> Round {
    let callers: Vec<_> = shares.iter().map(|share| (Grpc::new(channel.clone()), share.clone())).collect();
    let one = async |(mut client, mut share): (Grpc<Channel>, Vec<Vec<u8>>), _: usize| {
        if let Some(body) = share.pop() {
            client.ready().await.map_err(|_| Status::unavailable("no echo"))?;
            let length = body.len();
            let echoed: Response<Bytes> = client.unary(Request::new(Bytes::from(body)), PATH, Plain).await?;
            assert_eq!(echoed.into_inner().len(), length, "the same bytes come back");
        }
        Ok::<_, Status>((client, share))
    };
    Round::of(callers, each, one).await.expect("every call is answered")
}
