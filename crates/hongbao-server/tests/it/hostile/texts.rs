//! Texts that are code elsewhere. They are taken as texts or refused, and what comes back has them whole or
//! not at all.

use hongbao_wire::{Params, decode_reply};
use serde_json::json;

use super::{QUERY, assert_untouched};
use crate::rig::{KEY, Rig, codes, query_sample, sample, signed, with};

const TEXTS: &[&str] = &[
    "]]><total_amount>1",
    "]]></wishing><total_amount>1</total_amount><wishing><![CDATA[",
    "<script>alert(1)</script>",
    "=cmd|' /C calc'!A0",
    "\u{202E}001\u{202C}",
    "&amp;&lt;&#49;&x;",
    "%0d%0aSet-Cookie: a=b",
    "a\r\nb\rc\nd",
    "'; DROP TABLE packets; --",
    "🧧\u{200D}\u{FE0F}\u{300}",
];

fn fields(reply: &str) -> Params {
    decode_reply(reply.as_bytes()).unwrap_or_else(|error| panic!("{error} in {reply}")).fields
}

fn names(reply: &str) -> Vec<String> {
    fields(reply).iter().map(|(name, _)| name.to_owned()).collect()
}

#[tokio::test]
async fn a_text_that_is_code_elsewhere_is_a_text() {
    let rig = Rig::start().await;
    rig.put_merchant(json!({ "keys": [{ "key": KEY }], "limits": { "recipient_packets_per_day": 100 } })).await;
    let emoji = "🧧".repeat(128);
    for (number, text) in (1..).zip(TEXTS.iter().copied().chain([emoji.as_str()])) {
        let number = number.to_string();
        let short: String = text.chars().take(32).collect();
        let changes = [
            ("mch_billno", number.as_str()),
            ("total_amount", "100"),
            ("wishing", text),
            ("remark", text),
            ("send_name", &short),
            ("act_name", &short),
        ];
        let reply = rig.send(&changes).await;
        assert_eq!(codes(&reply), ["SUCCESS"; 3], "{text:?}");
        assert_eq!(fields(&reply).get("total_amount"), Some("100"), "{text:?}");
        let reply = rig.query(&number).await;
        assert_eq!((fields(&reply).get("status"), fields(&reply).get("total_amount")), (Some("SENT"), Some("100")));
    }
    let packets = TEXTS.len() as u64 + 1;
    assert_eq!(rig.funds().await, 5000 - 100 * i64::try_from(packets).unwrap());
    rig.assert_books(packets).await;
}

#[tokio::test]
async fn a_text_is_counted_in_characters() {
    let rig = Rig::start().await;
    for (text, is_taken) in [("🧧".repeat(128), true), ("🧧".repeat(129), false), ("e\u{301}".repeat(65), false)] {
        let code = codes(&rig.send(&[("wishing", &text)]).await)[2].to_owned();
        assert_eq!(code, if is_taken { "SUCCESS" } else { "PARAM_ERROR" });
    }
    rig.assert_books(1).await;
}

#[tokio::test]
async fn an_echo_is_what_was_sent_and_nothing_more() {
    let rig = Rig::start().await;
    let ordinary = names(&rig.send(&[("mch_billno", "a-b")]).await);
    let ordinary_query = names(&rig.query("a-b").await);
    for text in TEXTS {
        for field in ["mch_billno", "mch_id", "wxappid", "re_openid"] {
            let reply = rig.send(&[(field, text)]).await;
            assert_eq!(codes(&reply)[2], "PARAM_ERROR", "{field}={text:?}");
            assert_eq!(fields(&reply).get(field), Some(*text), "{field}");
            assert_eq!(fields(&reply).get("total_amount"), Some("1000"), "{field}={text:?}");
            assert_eq!(names(&reply), ordinary, "{field}={text:?}");
        }
        for field in ["mch_billno", "mch_id"] {
            let reply = rig.post(QUERY, signed(KEY, &with(&query_sample(), &[(field, text)]))).await;
            assert_eq!(fields(&reply).get(field), Some(*text), "{field}");
            assert_eq!(names(&reply), ordinary_query, "{field}={text:?}");
        }
    }
    assert_untouched(&rig).await;
}

#[tokio::test]
async fn strict_mode_refuses_characters_of_four_bytes_in_every_field() {
    let rig = Rig::start().await;
    rig.put_merchant(json!({ "keys": [{ "key": KEY }], "mode": "strict" })).await;
    for (field, _) in sample() {
        let reply = rig.send(&[(&field, "🧧")]).await;
        assert_eq!(codes(&reply), ["SUCCESS", "FAIL", "PARAM_ERROR"], "{field}");
    }
    assert_untouched(&rig).await;
}
