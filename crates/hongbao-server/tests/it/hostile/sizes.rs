//! How much does a stranger get in? Heads and bodies that are too large, or have no end.

use hongbao_wire::BODY_LIMIT;

use super::{Raw, SEND, XML_ERROR, assert_untouched, body_of, replies, request};
use crate::rig::{BILL_NO, Rig, TOKEN, codes};

#[tokio::test]
async fn a_body_over_the_limit_is_no_xml_and_the_connection_is_closed() {
    let rig = Rig::start().await;
    let head = |headers: &str| format!("POST {SEND} HTTP/1.1\r\nHost: a\r\n{headers}\r\n");
    let long = "a".repeat(BODY_LIMIT + 1);
    let fourfold = "a".repeat(4 * BODY_LIMIT);
    for (name, bytes) in [
        ("2 GiB, by its length", head("Content-Length: 2147483648\r\n")),
        ("2^63 bytes, by its length", head("Content-Length: 9223372036854775808\r\n")),
        ("a byte too long, by its length", head(&format!("Content-Length: {}\r\n", BODY_LIMIT + 1))),
        ("a byte too long", request("", &long)),
        ("four times too long", request("", &fourfold)),
        ("a chunk too long", head("Transfer-Encoding: chunked\r\n") + &format!("FFFFFFFF\r\n{long}")),
        ("chunks too long", head("Transfer-Encoding: chunked\r\n") + &"1\r\na\r\n".repeat(BODY_LIMIT + 1)),
    ] {
        let answer = Raw::send(&rig, bytes).await.rest().await;
        assert!(answer.starts_with("HTTP/1.1 200 ") && answer.ends_with(XML_ERROR), "{name}: {answer}");
        assert_eq!(replies(&answer).len(), 1, "{name}");
        assert!(answer.to_lowercase().contains("connection: close"), "{name}: {answer}");
    }
    assert_untouched(&rig).await;
}

#[tokio::test]
async fn a_body_of_just_the_limit_is_read() {
    let rig = Rig::start().await;
    let body = body_of(BILL_NO);
    let body = format!("{body}{}", "\n".repeat(BODY_LIMIT - body.len()));
    let answer = Raw::send(&rig, request("Connection: close\r\n", &body)).await.rest().await;
    assert_eq!(codes(&answer), ["SUCCESS"; 3]);
    rig.assert_books(1).await;
}

#[tokio::test]
async fn what_has_no_end_is_cut_off() {
    let rig = Rig::start().await;
    let post = format!("POST {SEND} HTTP/1.1\r\nHost: a\r\n");
    let chunk = format!("1000\r\n{}\r\n", "a".repeat(0x1000));
    let line = "a".repeat(4096);
    for (head, piece) in [
        (format!("{post}Transfer-Encoding: chunked\r\n\r\n"), chunk.as_str()),
        (format!("{post}Transfer-Encoding: chunked\r\n\r\n1;"), &line),
        (format!("{post}Transfer-Encoding: chunked\r\n\r\n0\r\n"), "X: a\r\n"),
        (format!("{post}Content-Length: 9223372036854775807\r\n\r\n"), &line),
        (format!("{post}X: "), &line),
        (post.clone(), "X: a\r\n"),
        ("POST /".to_owned(), &line),
        (String::new(), "\r\n"),
        (String::new(), &line),
    ] {
        Raw::send(&rig, head).await.write_until_closed(piece.as_bytes()).await;
    }
    assert_untouched(&rig).await;
}

#[tokio::test]
async fn a_head_that_is_too_large_is_refused() {
    let rig = Rig::start().await;
    let with = |headers: &str| request(headers, &body_of("1"));
    let headers = |count: usize| "X: a\r\n".repeat(count);
    for (name, bytes) in [
        ("one long header", with(&format!("X: {}\r\n", "a".repeat(17_000)))),
        ("one long name", with(&format!("{}: a\r\n", "X".repeat(17_000)))),
        ("many long headers", with(&format!("X: {}\r\n", "a".repeat(1_000)).repeat(20))),
        ("too many headers", with(&headers(63))),
        ("a long path", format!("POST /{} HTTP/1.1\r\n\r\n", "a".repeat(17_000))),
    ] {
        let answer = Raw::send(&rig, bytes).await.rest().await;
        assert!(answer.starts_with("HTTP/1.1 431 "), "{name}: {answer}");
        assert_eq!(replies(&answer).len(), 1, "{name}: {answer}");
    }
    rig.assert_books(0).await;
    // `Host` and `Content-Length` make it 64.
    let answer = Raw::send(&rig, request(&format!("Connection: close\r\n{}", headers(61)), &body_of("1"))).await;
    assert_eq!(codes(&answer.rest().await), ["SUCCESS"; 3]);
    rig.assert_books(1).await;
}

#[tokio::test]
async fn the_operators_door_has_bounds_too() {
    let rig = Rig::start().await;
    let head = |length: usize| {
        format!(
            "POST /admin/top-ups HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {TOKEN}\r\nContent-Length: {length}\r\n\r\n"
        )
    };
    for bytes in [head(1 << 31), head(300_000) + &" ".repeat(300_000)] {
        let mut raw = Raw::connect(rig.addresses.admin).await;
        raw.write(bytes).await;
        let answer = raw.rest().await;
        assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
        assert!(answer.contains(r#""code":"invalid_request""#) && answer.contains(r#""money_moved":"no""#), "{answer}");
    }
    assert_untouched(&rig).await;
}
