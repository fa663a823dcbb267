//! How long does a stranger hold a place? Handshakes, heads and bodies that take their time, peers that don't
//! read, and doors that are full. Each test shortens the one bound that it is about.

use std::time::Duration;

use hongbao_server::HttpBounds;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpSocket;

use super::{Raw, SEND, XML_ERROR, assert_sends, assert_untouched, body_of, request};
use crate::rig::{BILL_NO, PATIENCE, Rig, TOKEN, codes};

/// Short for a test, long for a request.
const SHORT: Duration = Duration::from_secs(1);
/// Never, as far as a test is concerned.
const LONG: Duration = Duration::from_hours(1);

/// Everything is put up with for ever.
fn patient() -> HttpBounds {
    HttpBounds {
        handshake_patience: LONG,
        head_patience: LONG,
        idle_patience: LONG,
        body_patience: LONG,
        write_patience: LONG,
        ..HttpBounds::default()
    }
}

/// Writes this piece again and again, a few times in each [`SHORT`], until the server closes the
/// connection; what it answered.
async fn dribble(mut raw: Raw, piece: &str) -> String {
    let (mut answer, mut every) = (Vec::new(), tokio::time::interval(SHORT / 20));
    let drip = async {
        let mut is_open = true;
        while is_open {
            is_open = tokio::select! {
                biased;
                read = raw.0.read_buf(&mut answer) => read.is_ok_and(|read| read > 0),
                _ = every.tick() => raw.0.write_all(piece.as_bytes()).await.is_ok(),
            };
        }
    };
    tokio::time::timeout(PATIENCE, drip).await.expect("the server closes the connection");
    String::from_utf8(answer).unwrap()
}

/// What connections that began like this, then dribbled like this, were answered, all at once.
async fn dribbled<const N: usize>(rig: &Rig, rows: [(&str, &'static str); N]) -> Vec<String> {
    let mut dribbles = Vec::new();
    for (begun, piece) in rows {
        dribbles.push(tokio::spawn(dribble(Raw::send(rig, begun).await, piece)));
    }
    let mut answers = Vec::new();
    for dribble in dribbles {
        answers.push(dribble.await.unwrap());
    }
    answers
}

#[tokio::test]
async fn a_handshake_takes_a_bounded_time() {
    let rig = Rig::bounded(HttpBounds { handshake_patience: SHORT, ..patient() }).await;
    assert_eq!(Raw::connect(rig.addresses.tls).await.rest().await, "", "silent");
    let mut begun = Raw::connect(rig.addresses.tls).await;
    begun.write([0x16, 3, 1, 0x20, 0, 1, 0, 0x1F, 0xFC, 3, 3]).await;
    assert_eq!(dribble(begun, "\x07").await, "", "a byte at a time");
    assert_untouched(&rig).await;
}

#[tokio::test]
async fn a_connection_that_never_asks_is_closed() {
    let rig = Rig::bounded(HttpBounds { head_patience: SHORT, ..patient() }).await;
    for address in [rig.addresses.plain, rig.addresses.admin] {
        assert_eq!(Raw::connect(address).await.rest().await, "");
    }
    assert_untouched(&rig).await;
}

#[tokio::test]
async fn a_head_takes_a_bounded_time_however_it_dribbles_in() {
    let rig = Rig::bounded(HttpBounds { head_patience: SHORT, ..patient() }).await;
    let post = format!("POST {SEND} HTTP/1.1\r\n");
    let rows = [("", "\r\n"), ("", "P"), (&post, "X: a\r\n"), (&format!("{post}X: "), "a")];
    assert_eq!(dribbled(&rig, rows).await, [""; 4]);
    // A connection that was served before gets no more time for its next head.
    let mut raw = Raw::send(&rig, request("", &body_of(BILL_NO))).await;
    assert_eq!(codes(&raw.until("</xml>").await), ["SUCCESS"; 3]);
    raw.write(&post).await;
    assert_eq!(dribble(raw, "X: a\r\n").await, "");
    assert_sends(&rig).await;
}

#[tokio::test]
async fn a_connection_may_idle_for_longer_than_a_head_may_take() {
    let rig = Rig::bounded(HttpBounds { head_patience: SHORT, ..patient() }).await;
    let mut raw = Raw::send(&rig, request("", &body_of(BILL_NO))).await;
    assert_eq!(codes(&raw.until("</xml>").await), ["SUCCESS"; 3]);
    // Nothing happens meanwhile; that is the point.
    tokio::time::sleep(2 * SHORT).await;
    raw.write(request("Connection: close\r\n", &body_of(BILL_NO))).await;
    assert_eq!(codes(&raw.rest().await), ["SUCCESS"; 3]);
}

#[tokio::test]
async fn a_connection_that_idles_for_too_long_is_closed() {
    let rig = Rig::bounded(HttpBounds { idle_patience: SHORT, ..patient() }).await;
    let raw = Raw::send(&rig, request("", &body_of(BILL_NO))).await;
    assert!(raw.rest().await.ends_with("</xml>"), "and nothing more");
    assert_sends(&rig).await;
}

#[tokio::test]
async fn a_body_takes_a_bounded_time_however_it_dribbles_in() {
    let rig = Rig::bounded(HttpBounds { body_patience: SHORT, ..patient() }).await;
    let post = |headers: &str| format!("POST {SEND} HTTP/1.1\r\nHost: a\r\n{headers}\r\n");
    let (sized, chunked) = (post("Content-Length: 30000\r\n"), post("Transfer-Encoding: chunked\r\n"));
    let rows = [(sized.as_str(), ""), (&sized, "a"), (&chunked, "1\r\na\r\n"), (&chunked, "0")];
    for answer in dribbled(&rig, rows).await {
        assert!(answer.ends_with(XML_ERROR) && answer.to_lowercase().contains("connection: close"), "{answer}");
    }
    let mut operator = Raw::connect(rig.addresses.admin).await;
    let head =
        format!("POST /admin/top-ups HTTP/1.1\r\nAuthorization: Bearer {TOKEN}\r\nContent-Length: 30000\r\n\r\n");
    operator.write(head).await;
    let answer = dribble(operator, " ").await;
    assert!(answer.starts_with("HTTP/1.1 408 ") && answer.contains(r#""money_moved":"no""#), "{answer}");
    assert_untouched(&rig).await;
}

#[tokio::test]
async fn a_peer_that_does_not_read_is_let_go() {
    let rig = Rig::bounded(HttpBounds { write_patience: SHORT, ..patient() }).await;
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let raw = Raw(socket.connect(rig.addresses.plain.unwrap()).await.unwrap());
    let question = format!("GET {SEND} HTTP/1.1\r\n\r\n");
    raw.write_until_closed(question.repeat(100).as_bytes()).await;
    assert_untouched(&rig).await;
}

#[tokio::test]
async fn a_full_door_lets_the_next_one_wait_and_then_in() {
    let rig = Rig::bounded(HttpBounds { connections_max: 2, ..patient() }).await;
    let mut first = Raw::send(&rig, request("", &body_of(BILL_NO))).await;
    assert_eq!(codes(&first.until("</xml>").await), ["SUCCESS"; 3]);
    let mut second = Raw::send(&rig, request("", &body_of(BILL_NO))).await;
    assert_eq!(codes(&second.until("</xml>").await), ["SUCCESS"; 3]);
    let third = Raw::send(&rig, request("Connection: close\r\n", &body_of(BILL_NO))).await;
    for _ in 0..10 {
        first.write(request("", &body_of(BILL_NO))).await;
        assert_eq!(codes(&first.until("</xml>").await), ["SUCCESS"; 3], "who is in is served");
    }
    let nothing = third.0.try_read(&mut [0]).unwrap_err();
    assert_eq!(nothing.kind(), std::io::ErrorKind::WouldBlock, "there is no place for a third");
    drop(second);
    assert_eq!(codes(&third.rest().await), ["SUCCESS"; 3]);
    drop(first);
    assert_sends(&rig).await;
}

#[tokio::test]
async fn a_door_full_of_silence_opens_again() {
    let rig = Rig::bounded(HttpBounds { connections_max: 1, head_patience: SHORT, ..patient() }).await;
    let silent: Vec<_> = [(); 3].map(|()| Raw::connect(rig.addresses.plain)).into();
    let mut connections = Vec::new();
    for connect in silent {
        connections.push(connect.await);
    }
    assert_untouched(&rig).await;
    drop(connections);
}

/// Most clients write their whole request before they read: a door that is slammed would fail them there.
#[tokio::test]
async fn who_sends_too_much_may_finish_and_then_reads_the_reply() {
    let rig = Rig::start().await;
    let socket = TcpSocket::new_v4().unwrap();
    // So that it can't write everything beforehand.
    socket.set_send_buffer_size(4096).unwrap();
    let mut raw = Raw(socket.connect(rig.addresses.plain.unwrap()).await.unwrap());
    raw.write(request("", &"a".repeat(900_000))).await;
    assert!(raw.rest().await.ends_with(XML_ERROR));
    assert_untouched(&rig).await;
}

/// One who was told no, and neither stops nor goes: his place is free soon after.
#[tokio::test]
async fn who_is_refused_and_falls_silent_keeps_no_place() {
    let rig = Rig::bounded(HttpBounds { connections_max: 1, ..patient() }).await;
    let over = format!("POST {SEND} HTTP/1.1\r\nHost: h\r\nContent-Length: 40000\r\n\r\n{}", "a".repeat(20_000));
    let mut silent = Raw::send(&rig, over).await;
    assert!(silent.until("</xml>").await.ends_with(XML_ERROR));
    // With all places taken by one who says nothing more, the next is let in all the same.
    assert_sends(&rig).await;
    drop(silent);
}

#[tokio::test]
async fn a_full_door_stops_as_well() {
    let rig = Rig::bounded(HttpBounds { connections_max: 1, ..patient() }).await;
    let mut held = Raw::send(&rig, request("", &body_of(BILL_NO))).await;
    assert_eq!(codes(&held.until("</xml>").await), ["SUCCESS"; 3]);
    // Long before it would give up on requests under way, of which there are none.
    tokio::time::timeout(PATIENCE / 4, rig.server.stop()).await.expect("it stops while nobody leaves");
    assert_eq!(held.rest().await, "", "who idled is let go");
}
