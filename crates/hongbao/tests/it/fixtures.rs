//! The merchant of these tests, its packet, and what the live service answers when all is well.

use std::error::Error as _;

use hongbao::{ApiKey, Client, ClientBuilder, Error, Fen, SendRedPack};

/// What must never be printed.
pub(crate) const KEY: &str = "CANARYKEY0123456789abcdef0123456";
/// What must never be printed whole.
pub(crate) const OPENID: &str = "oxTWIuGaIt6gTKsQRLau2M0yL16E";
pub(crate) const BILL_NO: &str = "10000098201411111234567890";
pub(crate) const APP: &str = "wx8888888888888888";
/// The platform's number for the packet.
pub(crate) const PACKET: &str = "1000041701202208213033416589419";

/// A success as the live service has written it since 2016-07.
pub(crate) const SENT: &str = "\
<xml>
<return_code><![CDATA[SUCCESS]]></return_code>
<return_msg><![CDATA[发放成功]]></return_msg>
<result_code><![CDATA[SUCCESS]]></result_code>
<err_code><![CDATA[SUCCESS]]></err_code>
<err_code_des><![CDATA[发放成功]]></err_code_des>
<mch_billno><![CDATA[10000098201411111234567890]]></mch_billno>
<mch_id><![CDATA[10000098]]></mch_id>
<wxappid><![CDATA[wx8888888888888888]]></wxappid>
<re_openid><![CDATA[oxTWIuGaIt6gTKsQRLau2M0yL16E]]></re_openid>
<total_amount>1000</total_amount>
<send_listid><![CDATA[1000041701202208213033416589419]]></send_listid>
</xml>";

pub(crate) fn key() -> ApiKey {
    KEY.parse().unwrap()
}

pub(crate) fn builder(url: &str) -> ClientBuilder {
    Client::builder("10000098".parse().unwrap(), key()).base_url(url)
}

pub(crate) fn client(url: &str) -> Client {
    builder(url).build().unwrap()
}

pub(crate) fn packet() -> SendRedPack {
    SendRedPack {
        bill_no: BILL_NO.parse().unwrap(),
        app: APP.parse().unwrap(),
        recipient: OPENID.parse().unwrap(),
        total: Fen::new(1000),
        sender_name: "天虹百货".to_owned(),
        greeting: "感谢您参加猜灯谜活动，祝您元宵节快乐！".to_owned(),
        activity: "猜灯谜抢红包活动".to_owned(),
        remark: "猜越多得越多，快来抢！".to_owned(),
        client_ip: "192.168.0.1".to_owned(),
        scene: None,
        risk_info: None,
        on_behalf_of: None,
    }
}

/// The reply with one part, which must be in it, replaced by another.
pub(crate) fn altered(reply: &str, part: &str, by: &str) -> String {
    assert!(reply.contains(part), "the reply has no {part}");
    reply.replacen(part, by, 1)
}

/// The reply without one of its elements.
pub(crate) fn without(reply: &str, name: &str) -> String {
    let lines: Vec<_> = reply.lines().filter(|line| !line.starts_with(&format!("<{name}>"))).collect();
    assert!(lines.len() < reply.lines().count(), "the reply has no {name}");
    lines.join("\n")
}

/// Everything that can be printed of an error, its causes included, is free of secrets.
#[track_caller]
pub(crate) fn assert_error_keeps_secrets(error: &Error) {
    assert_keeps_secrets(&format!("{error} {error:?} {error:#?} {} {:?}", error.advice(), error.description()));
    let mut cause = error.source();
    while let Some(error) = cause {
        assert_keeps_secrets(&format!("{error} {error:?}"));
        cause = error.source();
    }
}

#[track_caller]
pub(crate) fn assert_keeps_secrets(shown: &str) {
    for secret in [KEY, OPENID] {
        assert!(!shown.contains(secret), "a secret is shown: {shown}");
    }
}
