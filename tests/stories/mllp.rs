//! MLLP over real sockets: order, pipelining, silence, size.

use crate::world::{World, free_port};
use musubi::edge::mllp_io::{Conversation, Ending, MllpClient, MllpError, MllpHandler, Received, converse, serve_mllp};
use musubi::edge::peer::Peer;
use musubi::edge::tls::{Audience, ServerLimits};
use musubi_adapters::hospital::hl7v2::framing::{Deviation, VT, wrap};
use musubi_adapters::hospital::hl7v2::limits::MESSAGE_BYTES_MAX;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Answers with the agency and the message; a message that says `slow` takes its time.
#[derive(Default)]
struct Echo {
    begun: Mutex<Vec<Vec<u8>>>,
    at_once: AtomicUsize,
    at_once_most: AtomicUsize,
    deviations: Mutex<Vec<Deviation>>,
}

impl MllpHandler for Echo {
    fn lenient(&self, peer: &Peer) -> bool {
        peer.agency().as_str() == "MED-LENIENT"
    }

    fn deviation(&self, _: &Peer, deviation: Deviation) {
        self.deviations.lock().unwrap().push(deviation);
    }

    fn pause(&self, _: &Peer, _: usize) -> Duration {
        Duration::ZERO
    }

    async fn answer(&self, peer: Arc<Peer>, received: Received) -> Option<Vec<u8>> {
        let Received::Frame(message, _) = received else { return Some(b"MSA|AR|TOO LARGE\r".to_vec()) };
        self.begun.lock().unwrap().push(message.clone());
        let now = self.at_once.fetch_add(1, Ordering::SeqCst) + 1;
        self.at_once_most.fetch_max(now, Ordering::SeqCst);
        let text = String::from_utf8_lossy(&message).into_owned();
        let pause = if text.contains("slow") { 300 } else { 1 };
        tokio::time::sleep(Duration::from_millis(pause)).await;
        self.at_once.fetch_sub(1, Ordering::SeqCst);
        if text.contains("silent") {
            return None;
        }
        Some(format!("{} {text}", peer.agency()).into_bytes())
    }
}

struct Listening {
    world: World,
    address: SocketAddr,
    echo: Arc<Echo>,
    stop: CancellationToken,
    served: tokio::task::JoinHandle<()>,
}

async fn listen(limits: ServerLimits) -> Listening {
    let world = World::new();
    let (listener, address) = free_port().await;
    let (echo, stop) = (Arc::new(Echo::default()), CancellationToken::new());
    let tls = world.tls(Audience::Mllp, limits);
    let served = tokio::spawn(serve_mllp(listener, tls, Arc::clone(&echo), stop.clone()));
    Listening { world, address, echo, stop, served }
}

impl Listening {
    async fn caller(&self, id: &str) -> MllpClient {
        let tls = self.world.caller(&self.world.agency(id).1);
        MllpClient::connect(&tls, &self.address.to_string()).await.unwrap().waiting(Duration::from_secs(5))
    }
}

#[tokio::test]
async fn s19_a_message_is_answered_and_the_handler_knows_the_agency() {
    let listening = listen(ServerLimits::default()).await;
    let mut caller = listening.caller("MED-1").await;
    assert_eq!(caller.send(b"MSH|1\r").await.unwrap(), b"MED-1 MSH|1\r");
    assert_eq!(caller.send(b"MSH|2\r").await.unwrap(), b"MED-1 MSH|2\r");
}

#[tokio::test]
async fn s19_pipelined_messages_are_begun_and_answered_in_order_sixteen_at_once() {
    let listening = listen(ServerLimits::default()).await;
    let mut caller = listening.caller("MED-1").await;
    let messages: Vec<Vec<u8>> =
        (0..40).map(|n| format!("MSH|{n}|{}\r", if n % 16 == 0 { "slow" } else { "" }).into_bytes()).collect();
    let all: Vec<u8> = messages.iter().flat_map(|message| wrap(message)).collect();
    caller.write_unframed(&all).await.unwrap();
    for message in &messages {
        let answer = caller.answer().await.unwrap();
        assert_eq!(answer.strip_prefix(b"MED-1 ".as_slice()).unwrap(), message);
    }
    assert_eq!(*listening.echo.begun.lock().unwrap(), messages);
    assert_eq!(listening.echo.at_once_most.load(Ordering::SeqCst), 16);
}

#[tokio::test]
async fn a_message_without_an_answer_holds_up_nobody() {
    let listening = listen(ServerLimits::default()).await;
    let mut caller = listening.caller("MED-1").await;
    caller.write(b"MSH|silent\r").await.unwrap();
    assert_eq!(caller.send(b"MSH|2\r").await.unwrap(), b"MED-1 MSH|2\r");
}

#[tokio::test]
async fn an_end_byte_without_a_return_ends_the_frame_after_half_a_second() {
    let listening = listen(ServerLimits::default()).await;
    let mut caller = listening.caller("MED-1").await;
    caller.write_unframed(b"\x0bMSH|1\r\x1c").await.unwrap();
    assert_eq!(caller.answer().await.unwrap(), b"MED-1 MSH|1\r");
    assert_eq!(*listening.echo.deviations.lock().unwrap(), vec![Deviation::NoFinalReturn]);
}

#[tokio::test]
async fn a_missing_start_byte_closes_unless_the_profile_allows_it() {
    let listening = listen(ServerLimits::default()).await;
    let mut strict = listening.caller("MED-1").await;
    strict.write_unframed(b"MSH|1\r\x1c\r").await.unwrap();
    assert!(matches!(strict.answer().await, Err(MllpError::Closed)));
    let mut lenient = listening.caller("MED-LENIENT").await;
    lenient.write_unframed(b"MSH|1\r\x1c\r").await.unwrap();
    assert_eq!(lenient.answer().await.unwrap(), b"MED-LENIENT MSH|1\r");
}

#[tokio::test]
async fn s70_a_frame_over_the_limit_is_answered_and_the_connection_closed() {
    let listening = listen(ServerLimits::default()).await;
    let mut caller = listening.caller("MED-1").await;
    let mut bytes = vec![VT];
    bytes.extend_from_slice(b"MSH|");
    bytes.resize(2 * MESSAGE_BYTES_MAX, b'x');
    caller.write_unframed(&bytes).await.unwrap();
    assert_eq!(caller.answer().await.unwrap(), b"MSA|AR|TOO LARGE\r");
    assert!(caller.answer().await.is_err());
}

#[tokio::test]
async fn s85_messages_in_work_are_answered_before_the_end() {
    let listening = listen(ServerLimits::default()).await;
    let mut caller = listening.caller("MED-1").await;
    caller.write(b"MSH|slow\r").await.unwrap();
    while listening.echo.begun.lock().unwrap().is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    listening.stop.cancel();
    assert_eq!(caller.answer().await.unwrap(), b"MED-1 MSH|slow\r");
    assert!(matches!(caller.answer().await, Err(MllpError::Closed)));
    tokio::time::timeout(Duration::from_secs(3), listening.served).await.unwrap().unwrap();
}

#[tokio::test]
async fn s09_an_mllp_connection_ends_at_its_age_between_two_messages() {
    let limits = ServerLimits { age_max: Duration::from_millis(200), ..ServerLimits::default() };
    let listening = listen(limits).await;
    let mut caller = listening.caller("MED-1").await;
    caller.write_unframed(b"\x0bMSH|1").await.unwrap();
    tokio::time::sleep(Duration::from_millis(300)).await;
    caller.write_unframed(b"|late\r\x1c\r").await.unwrap();
    assert_eq!(caller.answer().await.unwrap(), b"MED-1 MSH|1|late\r", "the frame that was begun is taken");
    assert!(matches!(caller.answer().await, Err(MllpError::Closed)));
}

#[tokio::test]
async fn s19_there_is_no_plain_mllp() {
    let listening = listen(ServerLimits::default()).await;
    let tcp = tokio::net::TcpStream::connect(listening.address).await.unwrap();
    let mut plain = MllpClient::over(tcp);
    plain.write(b"MSH|1\r").await.ok();
    assert!(plain.answer().await.is_err());
    assert!(listening.echo.begun.lock().unwrap().is_empty());
}

/// A conversation without a peer, as `musubi connect` has with a system beside it.
struct Plain;

impl Conversation for Plain {
    fn lenient(&self) -> bool {
        false
    }

    fn deviation(&self, _: Deviation) {}

    fn pause(&self, bytes: usize) -> Duration {
        Duration::from_millis(bytes as u64)
    }

    async fn answer(&self, _: Received) -> Option<Vec<u8>> {
        Some(b"MSA|AA\r".to_vec())
    }
}

#[tokio::test]
async fn s19_silence_inside_a_frame_closes_without_an_answer_and_outside_does_not() {
    let (near, far) = tokio::io::duplex(1024);
    let ending = Ending {
        cut: CancellationToken::new(),
        stop: CancellationToken::new(),
        age_max: Duration::from_secs(60),
        finish_max: Duration::from_secs(1),
        silence_max: Duration::from_millis(600),
        slow_max: Duration::from_secs(1),
    };
    let served = tokio::spawn(async move { converse(far, &Plain, ending).await });
    let mut caller = MllpClient::over(near).waiting(Duration::from_secs(5));
    tokio::time::sleep(Duration::from_millis(800)).await;
    assert_eq!(caller.send(b"MSH|1\r").await.unwrap(), b"MSA|AA\r");
    caller.write_unframed(b"\x0bMSH|2").await.unwrap();
    assert!(matches!(caller.answer().await, Err(MllpError::Closed)));
    served.await.unwrap().unwrap();
}
