//! What goes out, and what never does.

use hongbao::{Certainty, NextStep, SendRedPack};
use hongbao_types::Mode;
use hongbao_wire::endpoint::{GETHBINFO, SENDREDPACK};
use hongbao_wire::{Endpoint, Params, SignPolicy, sign};

use crate::fixtures::{APP, BILL_NO, OPENID, SENT, altered, assert_error_keeps_secrets, client, key, packet};
use crate::mock::{Mock, Plan, Request};

fn sent() -> Plan {
    Plan::Reply(SENT.to_owned())
}

/// The request's fields, found right the way the platform at its strictest finds them right, without
/// those that differ from call to call.
fn verified(endpoint: &Endpoint, params: &Params) -> Vec<(String, String)> {
    let strict = SignPolicy { mode: Mode::Strict, pinned: None };
    endpoint.check(params, Mode::Strict).unwrap();
    sign::verify(params, endpoint, [&key()], strict).unwrap();
    let pairs = params.iter().filter(|(name, _)| !["nonce_str", "sign"].contains(name));
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

fn sorted(mut pairs: Vec<(String, String)>) -> Vec<(String, String)> {
    pairs.sort_unstable();
    pairs
}

fn owned(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect()
}

#[tokio::test]
async fn a_send_is_a_signed_post_of_exactly_the_documented_fields() {
    let mock = Mock::start([sent()]).await;
    client(mock.url()).sendredpack(&packet()).await.unwrap();

    let request = &mock.requests()[0];
    assert_eq!(request.line, "POST /mmpaymkttransfers/sendredpack HTTP/1.1");
    assert_eq!(request.header("content-type"), Some("text/xml; charset=utf-8"));
    let expected = [
        ("act_name", "猜灯谜抢红包活动"),
        ("client_ip", "192.168.0.1"),
        ("mch_billno", BILL_NO),
        ("mch_id", "10000098"),
        ("re_openid", OPENID),
        ("remark", "猜越多得越多，快来抢！"),
        ("send_name", "天虹百货"),
        ("total_amount", "1000"),
        ("total_num", "1"),
        ("wishing", "感谢您参加猜灯谜活动，祝您元宵节快乐！"),
        ("wxappid", APP),
    ];
    assert_eq!(sorted(verified(&SENDREDPACK, &request.params())), owned(&expected));
}

#[tokio::test]
async fn a_query_is_a_signed_post_of_exactly_the_documented_fields() {
    let mock = Mock::start([]).await;
    let packet = packet();
    client(mock.url()).gethbinfo(&packet.bill_no, &packet.app).await.unwrap_err();

    let request = &mock.requests()[0];
    assert_eq!(request.line, "POST /mmpaymkttransfers/gethbinfo HTTP/1.1");
    assert_eq!(request.header("content-type"), Some("text/xml; charset=utf-8"));
    let expected = [("appid", APP), ("bill_type", "MCHT"), ("mch_billno", BILL_NO), ("mch_id", "10000098")];
    assert_eq!(sorted(verified(&GETHBINFO, &request.params())), owned(&expected));
}

#[tokio::test]
async fn a_scene_goes_out_and_counts_in_the_signature() {
    let mock = Mock::start([sent()]).await;
    let packet = SendRedPack { scene: Some("PRODUCT_8".to_owned()), ..packet() };
    client(mock.url()).sendredpack(&packet).await.unwrap();
    let fields = verified(&SENDREDPACK, &mock.requests()[0].params());
    assert!(fields.contains(&("scene_id".to_owned(), "PRODUCT_8".to_owned())), "{fields:?}");
}

#[tokio::test]
async fn markup_and_line_breaks_in_a_text_arrive_unchanged_and_signed() {
    for text in ["a]]>b", "<a>&amp;</a>", "one\r\ntwo", " 两边有空格 ", "100%+1=?"] {
        let mock = Mock::start([sent()]).await;
        let packet = SendRedPack { greeting: text.to_owned(), remark: text.to_owned(), ..packet() };
        client(mock.url()).sendredpack(&packet).await.unwrap();
        let params = mock.requests()[0].params();
        verified(&SENDREDPACK, &params);
        assert_eq!((params.get("wishing"), params.get("remark")), (Some(text), Some(text)));
    }
}

#[tokio::test]
async fn the_same_call_again_has_the_same_fields_a_fresh_nonce_and_the_same_connection() {
    let mock = Mock::start([sent(), sent(), sent()]).await;
    let client = client(mock.url());
    client.sendredpack(&packet()).await.unwrap();
    client.sendredpack(&packet()).await.unwrap();
    client.clone().sendredpack(&packet()).await.unwrap();

    let params: Vec<_> = mock.requests().iter().map(Request::params).collect();
    let fields: Vec<_> = params.iter().map(|params| verified(&SENDREDPACK, params)).collect();
    assert!(fields.iter().all(|other| *other == fields[0]), "{fields:?}");
    let mut nonces: Vec<_> = params.iter().map(|params| params.get("nonce_str").unwrap()).collect();
    nonces.sort_unstable();
    nonces.dedup();
    assert_eq!(nonces.len(), 3, "a nonce came twice");
    assert_eq!(mock.connections(), 1);
}

/// HTTP clients like to repeat a request whose connection, used before, ends without an answer. Here the
/// platform has read it, so repeating it is the caller's decision.
#[tokio::test]
async fn a_request_that_was_read_is_not_repeated_when_a_reused_connection_ends() {
    let mock = Mock::start([sent(), Plan::DropRead, sent()]).await;
    let client = client(mock.url());
    client.sendredpack(&packet()).await.unwrap();
    let error = client.sendredpack(&packet()).await.unwrap_err();
    assert_eq!(error.certainty(), Certainty::MayHaveMoved);
    assert_eq!((mock.requests().len(), mock.connections()), (2, 1));
}

#[tokio::test]
async fn a_slash_at_the_end_of_the_address_changes_no_path() {
    let mock = Mock::start([sent()]).await;
    client(&format!("{}/", mock.url())).sendredpack(&packet()).await.unwrap();
    assert_eq!(mock.requests()[0].line, "POST /mmpaymkttransfers/sendredpack HTTP/1.1");
}

/// The packet is refused with these words in its error, and not even a connection is made.
async fn check_not_sent(packet: SendRedPack, complaint: &str) {
    let mock = Mock::start([sent()]).await;
    let error = client(mock.url()).sendredpack(&packet).await.unwrap_err();
    let shown = error.to_string();
    assert!(shown.starts_with("the request was not sent: ") && shown.contains(complaint), "{shown}");
    assert_eq!((error.certainty(), error.next_step()), (Certainty::NothingMoved, NextStep::FixRequest), "{shown}");
    assert_eq!((error.code(), error.description(), error.is_timeout()), (None, None, false), "{shown}");
    assert_eq!((mock.connections(), mock.requests().len()), (0, 0), "{shown}");
    assert_error_keeps_secrets(&error);
}

#[tokio::test]
async fn a_request_that_breaks_a_rule_is_not_sent() {
    let bill_no = "a".repeat(29).parse().unwrap();
    check_not_sent(SendRedPack { bill_no, ..packet() }, "mch_billno").await;
    check_not_sent(SendRedPack { recipient: "oxTWIuGaIt6gTKsQRLau2M0yL16".parse().unwrap(), ..packet() }, "re_openid")
        .await;
    check_not_sent(SendRedPack { total: hongbao::Fen::ZERO, ..packet() }, "total_amount").await;
    check_not_sent(SendRedPack { sender_name: String::new(), ..packet() }, "send_name").await;
    check_not_sent(SendRedPack { sender_name: "名".repeat(33), ..packet() }, "send_name").await;
    check_not_sent(SendRedPack { greeting: "祝".repeat(129), ..packet() }, "wishing").await;
    check_not_sent(SendRedPack { activity: String::new(), ..packet() }, "act_name").await;
    check_not_sent(SendRedPack { remark: "注".repeat(257), ..packet() }, "remark").await;
    check_not_sent(SendRedPack { client_ip: "::1".to_owned(), ..packet() }, "client_ip").await;
    check_not_sent(SendRedPack { scene: Some("PRODUCT_9".to_owned()), ..packet() }, "scene_id").await;
}

#[tokio::test]
async fn a_text_that_production_cannot_take_is_not_sent() {
    for text in ["恭喜🎉", "a\0b", "a\u{1b}[31m", "𠮷"] {
        let text = || text.to_owned();
        check_not_sent(SendRedPack { sender_name: text(), ..packet() }, "send_name").await;
        check_not_sent(SendRedPack { greeting: text(), ..packet() }, "wishing").await;
        check_not_sent(SendRedPack { activity: text(), ..packet() }, "act_name").await;
        check_not_sent(SendRedPack { remark: text(), ..packet() }, "remark").await;
    }
}

#[tokio::test]
async fn a_query_with_too_long_a_number_is_not_sent() {
    let mock = Mock::start([sent()]).await;
    let error = client(mock.url()).gethbinfo(&"a".repeat(29).parse().unwrap(), &packet().app).await.unwrap_err();
    assert_eq!((error.certainty(), error.next_step()), (Certainty::NothingMoved, NextStep::FixRequest));
    assert_eq!(mock.connections(), 0);
}

#[tokio::test]
async fn the_longest_values_are_sent() {
    let packet = SendRedPack {
        bill_no: "a".repeat(28).parse().unwrap(),
        sender_name: "名".repeat(32),
        greeting: "祝".repeat(128),
        activity: "活".repeat(32),
        remark: "注".repeat(256),
        ..packet()
    };
    let mock = Mock::start([Plan::Reply(altered(SENT, BILL_NO, packet.bill_no.as_str()))]).await;
    client(mock.url()).sendredpack(&packet).await.unwrap();
    verified(&SENDREDPACK, &mock.requests()[0].params());
}

#[tokio::test]
async fn a_text_that_could_be_read_as_another_field_is_not_sent() {
    let packet = SendRedPack { greeting: "恭喜&remark=发财".to_owned(), ..packet() };
    let error = client("http://127.0.0.1:1").sendredpack(&packet).await.unwrap_err();
    assert_eq!((error.certainty(), error.next_step()), (Certainty::NothingMoved, NextStep::FixRequest));
}
