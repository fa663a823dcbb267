//! Where does a request end? Requests whose framing is in doubt, and requests behind requests that were
//! refused: none is handled twice, and none that was not meant as one.

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::{Raw, SEND, XML_ERROR, assert_sends, assert_untouched, body_of, replies, request};
use crate::rig::{BILL_NO, PATIENCE, Rig, codes};

/// A request's head with these headers, then these bytes.
fn raw(headers: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    let head = format!("POST {SEND} HTTP/1.1\r\nHost: a\r\n{headers}\r\n");
    [head.as_bytes(), body.as_ref()].concat()
}

/// A body in chunks of 100 bytes.
fn chunked(body: &str) -> Vec<u8> {
    let mut out = Vec::new();
    for chunk in body.as_bytes().chunks(100) {
        out.extend(format!("{:x}\r\n", chunk.len()).bytes());
        out.extend(chunk);
        out.extend(b"\r\n");
    }
    out.extend(b"0\r\n\r\n");
    out
}

const CLOSE: &str = "Connection: close\r\n";

#[tokio::test]
async fn a_body_of_doubtful_length_is_refused_and_the_connection_closed() {
    let rig = Rig::start().await;
    let body = body_of("1");
    let length = body.len();
    let own = |headers: &str| raw(headers, &body);
    for (name, bytes) in [
        ("two lengths", own(&format!("Content-Length: {length}\r\nContent-Length: {}\r\n", length - 1))),
        ("two lengths, the other first", own(&format!("Content-Length: 0\r\nContent-Length: {length}\r\n"))),
        ("two lengths in one", own(&format!("Content-Length: {length}, {length}\r\n"))),
        ("a sign", own(&format!("Content-Length: +{length}\r\n"))),
        ("below zero", own("Content-Length: -1\r\n")),
        ("hexadecimal", own(&format!("Content-Length: 0x{length:x}\r\n"))),
        ("no digits", own("Content-Length: \r\n")),
        ("past 64 bits", own("Content-Length: 18446744073709551617\r\n")),
        ("a blank before the colon", own(&format!("Content-Length : {length}\r\n"))),
        ("a folded line", own(&format!("Content-Length:\r\n {length}\r\n"))),
        ("an unknown coding", raw("Transfer-Encoding: xchunked\r\n", chunked(&body))),
        ("a coding that is none", raw("Transfer-Encoding: identity\r\n", chunked(&body))),
        ("chunks, then something else", raw("Transfer-Encoding: chunked, gzip\r\n", chunked(&body))),
        ("NUL in a header", own(&format!("Content-Length: {length}\r\nX: a\0b\r\n"))),
        ("a CR in a header", own(&format!("Content-Length: {length}\r\nX: a\rY: b\r\n"))),
    ] {
        let behind = request(CLOSE, &body_of("2"));
        let bytes = [bytes, behind.into_bytes()].concat();
        let answer = Raw::send(&rig, bytes).await.rest().await;
        assert!(answer.starts_with("HTTP/1.1 400 "), "{name}: {answer}");
        assert_eq!(replies(&answer).len(), 1, "{name}: {answer}");
    }
    assert_untouched(&rig).await;
}

#[tokio::test]
async fn chunks_in_http_1_0_are_refused() {
    let rig = Rig::start().await;
    let head = format!("POST {SEND} HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n");
    let answer = Raw::send(&rig, [head.into_bytes(), chunked(&body_of("1"))].concat()).await.rest().await;
    assert!(answer.starts_with("HTTP/1.0 400 ") || answer.starts_with("HTTP/1.1 400 "), "{answer}");
    assert_untouched(&rig).await;
}

/// Which of the two counts is settled (the chunks do), and whatever a proxy before us may have taken for
/// another request is not read.
#[tokio::test]
async fn a_body_with_a_length_and_chunks_is_the_last_of_its_connection() {
    let length = body_of(BILL_NO).len();
    for headers in [
        format!("Content-Length: {length}\r\nTransfer-Encoding: chunked\r\n"),
        "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n".to_owned(),
        "Transfer-Encoding: chunked\r\nContent-Length: 99999\r\n".to_owned(),
    ] {
        let rig = Rig::start().await;
        let behind = request(CLOSE, &body_of("2"));
        let bytes = [raw(&headers, chunked(&body_of(BILL_NO))), behind.into_bytes()].concat();
        let answer = Raw::send(&rig, bytes).await.rest().await;
        assert_eq!(replies(&answer).len(), 1, "{headers}{answer}");
        assert!(answer.to_lowercase().contains("connection: close"), "{answer}");
        assert_eq!(codes(&answer), ["SUCCESS"; 3]);
        assert_sends(&rig).await;
    }
}

#[tokio::test]
async fn chunks_are_put_together() {
    let rig = Rig::start().await;
    let chunked = chunked(&body_of(BILL_NO));
    let extended: Vec<u8> = String::from_utf8_lossy(&chunked).replace("64\r\n", "64;a=b\r\n").into_bytes();
    assert_ne!(extended, chunked);
    let trailing = [&chunked[..chunked.len() - 2], b"X-Total-Amount: 1\r\n\r\n"].concat();
    for (name, body) in [("plain", chunked), ("with trailers", trailing)] {
        let headers = format!("Transfer-Encoding: chunked\r\n{CLOSE}");
        let answer = Raw::send(&rig, raw(&headers, body)).await.rest().await;
        assert_eq!(codes(&answer), ["SUCCESS"; 3], "{name}");
    }
    assert_sends(&rig).await;
}

#[tokio::test]
async fn a_body_that_breaks_off_or_makes_no_sense_is_no_xml() {
    let rig = Rig::start().await;
    let body = body_of("1");
    let whole = chunked(&body);
    for (name, bytes) in [
        ("short of its length", request("", &body).as_bytes()[..200].to_vec()),
        ("without a body", raw("Content-Length: 5\r\n", "")),
        ("without its last chunk", raw("Transfer-Encoding: chunked\r\n", &whole[..whole.len() - 5])),
        ("a chunk of no size", raw("Transfer-Encoding: chunked\r\n", "xyz\r\n")),
        ("a chunk past 64 bits", raw("Transfer-Encoding: chunked\r\n", "10000000000000001\r\n<xml/>\r\n0\r\n\r\n")),
        ("a chunk below zero", raw("Transfer-Encoding: chunked\r\n", "-1\r\n")),
        ("a chunk longer than it says", raw("Transfer-Encoding: chunked\r\n", "2\r\n<xml/>\r\n0\r\n\r\n")),
    ] {
        let mut connection = Raw::send(&rig, bytes).await;
        connection.0.shutdown().await.unwrap();
        let answer = connection.rest().await;
        assert!(answer.ends_with(XML_ERROR), "{name}: {answer}");
        assert_eq!(replies(&answer).len(), 1, "{name}: {answer}");
    }
    assert_untouched(&rig).await;
}

#[tokio::test]
async fn a_request_behind_a_refused_body_is_not_read() {
    let rig = Rig::start().await;
    let behind = request(CLOSE, &body_of("1"));
    for (name, refused) in [
        ("no XML", request("", "<xml>")),
        ("too large", request("", &"a".repeat(hongbao_wire::BODY_LIMIT + 1))),
        // Its body is the request behind it, and it is longer than that.
        ("too large, and not there", String::from_utf8(raw("Content-Length: 40000\r\n", "")).unwrap()),
    ] {
        let answer = Raw::send(&rig, format!("{refused}{behind}{behind}")).await.rest().await;
        assert_eq!(replies(&answer).len(), 1, "{name}: {answer}");
        assert!(answer.ends_with(XML_ERROR), "{name}: {answer}");
        assert!(answer.to_lowercase().contains("connection: close"), "{name}: {answer}");
    }
    assert_untouched(&rig).await;
}

#[tokio::test]
async fn requests_behind_one_another_are_answered_in_turn() {
    let rig = Rig::start().await;
    let bytes = [
        request("", &body_of("1")),
        request("", &body_of("1").replace("1000</", "2000</").replace("[1000]", "[2000]")),
        request("", &body_of("1")),
        request(CLOSE, &body_of("2")),
    ];
    let answer = Raw::send(&rig, bytes.concat()).await.rest().await;
    let codes: Vec<_> = replies(&answer).into_iter().map(|reply| codes(reply)[2]).collect();
    assert_eq!(codes, ["SUCCESS", "SIGN_ERROR", "SUCCESS", "SUCCESS"]);
    assert_eq!(rig.funds().await, 3000);
    rig.assert_books(2).await;
}

#[tokio::test]
async fn http_1_0_is_answered_once() {
    let rig = Rig::start().await;
    let one = request("", &body_of(BILL_NO)).replace("HTTP/1.1", "HTTP/1.0");
    let answer = Raw::send(&rig, format!("{one}{one}")).await.rest().await;
    assert_eq!(replies(&answer).len(), 1, "{answer}");
    assert_eq!(codes(&answer), ["SUCCESS"; 3]);
    assert_sends(&rig).await;
}

#[tokio::test]
async fn what_is_not_http_is_turned_away() {
    let rig = Rig::start().await;
    for (name, bytes) in [
        ("nonsense", b"hello\r\n\r\n".to_vec()),
        ("bytes", vec![0xFF; 4096]),
        ("XML", body_of("1").into_bytes()),
        ("HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec()),
        ("HTTP/0.9", format!("POST {SEND}\r\n\r\n").into_bytes()),
        ("HTTP/9.9", format!("POST {SEND} HTTP/9.9\r\n\r\n").into_bytes()),
        ("a TLS greeting", vec![0x16, 3, 1, 2, 0, 1, 0, 1, 0xFC, 3, 3]),
    ] {
        let answer = Raw::send(&rig, bytes).await.rest().await;
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 400 "), "{name}: {answer}");
    }
    assert_untouched(&rig).await;
}

#[tokio::test]
async fn http_without_tls_is_turned_away_at_the_tls_door() {
    let rig = Rig::start().await;
    let mut raw = Raw::connect(rig.addresses.tls).await;
    raw.write(request(CLOSE, &body_of("1"))).await;
    let answer = raw.rest().await;
    assert!(!answer.contains("HTTP") && !answer.contains("xml"), "{answer}");
    assert_untouched(&rig).await;
}

#[tokio::test]
async fn a_client_that_asks_first_is_told_to_go_on_or_not() {
    let rig = Rig::start().await;
    let body = body_of(BILL_NO);
    let headers = format!("Content-Length: {}\r\nExpect: 100-continue\r\n{CLOSE}", body.len());
    let mut asking = Raw::send(&rig, raw(&headers, "")).await;
    assert_eq!(asking.until("\r\n\r\n").await, "HTTP/1.1 100 Continue\r\n\r\n");
    asking.write(&body).await;
    assert_eq!(codes(&asking.rest().await), ["SUCCESS"; 3]);

    let headers = "Content-Length: 2147483648\r\nExpect: 100-continue\r\n";
    let answer = Raw::send(&rig, raw(headers, "")).await.rest().await;
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.ends_with(XML_ERROR), "{answer}");
    assert_sends(&rig).await;
}

#[tokio::test]
async fn a_compressed_body_is_not_unpacked() {
    let rig = Rig::start().await;
    for coding in ["gzip", "deflate", "br"] {
        let packed = gzip(body_of("1").as_bytes());
        let headers = format!("Content-Encoding: {coding}\r\nContent-Length: {}\r\n", packed.len());
        let answer = Raw::send(&rig, raw(&headers, packed)).await.rest().await;
        assert!(answer.ends_with(XML_ERROR), "{coding}: {answer}");
    }
    let packed = gzip(body_of("1").as_bytes());
    let headers = format!("Transfer-Encoding: gzip, chunked\r\n{CLOSE}");
    let chunk = [format!("{:x}\r\n", packed.len()).as_bytes(), &packed, b"\r\n0\r\n\r\n"].concat();
    assert!(Raw::send(&rig, raw(&headers, chunk)).await.rest().await.ends_with(XML_ERROR));
    assert_untouched(&rig).await;
}

/// A gzip file with one stored block.
fn gzip(content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len()).unwrap();
    let crc = !content.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ if crc & 1 == 1 { 0xEDB8_8320 } else { 0 })
    });
    let mut out = vec![0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 0xFF, 1];
    out.extend(length.to_le_bytes());
    out.extend((!length).to_le_bytes());
    out.extend(content);
    out.extend(crc.to_le_bytes());
    out.extend(u32::from(length).to_le_bytes());
    out
}

#[tokio::test]
async fn a_person_who_brings_a_body_is_answered_without_it() {
    let rig = Rig::start().await;
    let head = "POST /packets/1000/claims HTTP/1.1\r\nHost: a\r\nContent-Length: 2147483648\r\n\r\n{";
    let mut connection = Raw::send(&rig, head).await;
    let mut answer = Vec::new();
    tokio::time::timeout(PATIENCE, connection.0.read_to_end(&mut answer)).await.unwrap().unwrap();
    assert!(answer.starts_with(b"HTTP/1.1 401 "), "{}", String::from_utf8_lossy(&answer));
    assert_untouched(&rig).await;
}
