//! Signatures that are none, and messages that changed after they were signed.

use hongbao_types::ApiKey;
use hongbao_wire::sign::{canonical_string, signature};
use hongbao_wire::{Params, SignType, encode};
use serde_json::json;

use super::{SEND, assert_no_xml, assert_untouched};
use crate::rig::{BILL_NO, KEY, Rig, codes, element, sample, signed, with};

const OTHER_MERCHANT: &str = "10000099";
const OTHER_KEY: &str = "8934e7d15453e97507ef794cf7b0519d";

fn key(key: &str) -> ApiKey {
    ApiKey::try_new(key).unwrap()
}

/// A body with this `sign`, whatever it is.
fn with_sign(fields: &[(String, String)], sign: &str) -> String {
    let mut params = Params::from_pairs(fields.to_vec()).unwrap();
    params.set("sign", sign).unwrap();
    encode(&params)
}

/// The right signature of these fields.
fn sign_of(sign_type: SignType, fields: &[(String, String)]) -> String {
    hongbao_wire::sign::sign(sign_type, &Params::from_pairs(fields.to_vec()).unwrap(), &key(KEY))
}

/// A body that is signed right, then changed.
fn changed_after(changes: &[(&str, &str)]) -> String {
    with_sign(&with(&sample(), changes), &sign_of(SignType::Md5, &sample()))
}

/// Every row is refused with `SIGN_ERROR`, in these words, with the echo.
async fn assert_refused(rig: &Rig, rows: impl IntoIterator<Item = (&str, String)>) {
    for (name, body) in rows {
        let reply = rig.post(SEND, body).await;
        assert_eq!(codes(&reply), ["SUCCESS", "FAIL", "SIGN_ERROR"], "{name}");
        assert_eq!(
            (element(&reply, "return_msg"), element(&reply, "err_code_des")),
            ("签名错误", "签名错误"),
            "{name}"
        );
        assert_eq!(element(&reply, "mch_billno"), BILL_NO, "{name}");
    }
}

#[tokio::test]
async fn a_signature_that_is_none_is_refused() {
    let rig = Rig::start().await;
    let good = sign_of(SignType::Md5, &sample());
    let unsigned = encode(&Params::from_pairs(sample()).unwrap());
    let rows = [
        ("none", unsigned.clone()),
        ("on the root", unsigned.replacen("<xml>", &format!("<xml sign=\"{good}\">"), 1)),
        ("empty", with_sign(&sample(), "")),
        ("zeros", with_sign(&sample(), &"0".repeat(32))),
        ("a digit short", with_sign(&sample(), &good[1..])),
        ("a digit long", with_sign(&sample(), &format!("{good}0"))),
        ("a blank before it", with_sign(&sample(), &format!(" {good}"))),
        ("a newline behind it", with_sign(&sample(), &format!("{good}\n"))),
        ("a blank for its last digit", with_sign(&sample(), &format!("{} ", &good[..31]))),
        ("no digits", with_sign(&sample(), &"G".repeat(32))),
        ("32 bytes of ten characters", with_sign(&sample(), &format!("{}AB", "红".repeat(10)))),
        ("twice over", with_sign(&sample(), &good.repeat(2))),
        ("very long", with_sign(&sample(), &"A".repeat(20_000))),
    ];
    assert_refused(&rig, rows).await;
    let attribute = unsigned.replacen("<mch_id>", &format!("<mch_id sign=\"{good}\">"), 1);
    assert_no_xml(&rig, "on a field", attribute).await;
    assert_untouched(&rig).await;
}

#[tokio::test]
async fn lower_case_is_taken_in_compatible_mode_only() {
    let rig = Rig::start().await;
    let lower = with_sign(&sample(), &sign_of(SignType::Md5, &sample()).to_lowercase());
    rig.put_merchant(json!({ "keys": [{ "key": KEY }], "mode": "strict" })).await;
    assert_refused(&rig, [("in strict mode", lower.clone())]).await;
    rig.put_merchant(json!({ "keys": [{ "key": KEY }] })).await;
    assert_eq!(codes(&rig.post(SEND, lower).await), ["SUCCESS"; 3]);
    rig.assert_books(1).await;
}

#[tokio::test]
async fn no_key_but_the_merchants_own_signs_for_it() {
    let rig = Rig::start().await;
    let other = json!({ "keys": [{ "key": OTHER_KEY }] });
    assert_eq!(rig.put(&format!("/admin/merchants/{OTHER_MERCHANT}"), &other).await.0, 204);
    let canonical = canonical_string(&Params::from_pairs(sample()).unwrap());
    let by = |tail: &str| with_sign(&sample(), &signature(SignType::Md5, &format!("{canonical}{tail}"), &key(KEY)));
    let rows = [
        ("an empty key", by("&key=")),
        ("no key", by("")),
        ("another merchant's key", signed(OTHER_KEY, &sample())),
        ("the key in lower case", signed(&KEY.to_lowercase(), &sample())),
        ("the merchant's number", by("&key=10000098")),
    ];
    assert_refused(&rig, rows).await;
    assert_untouched(&rig).await;
}

#[tokio::test]
async fn a_merchant_without_a_key_is_nobody() {
    let rig = Rig::start().await;
    rig.put_merchant(json!({ "keys": [] })).await;
    let canonical = canonical_string(&Params::from_pairs(sample()).unwrap());
    let empty = signature(SignType::Md5, &format!("{canonical}&key="), &key(KEY));
    let zeros = "0".repeat(32);
    let rows = [
        ("with an empty key", with_sign(&sample(), &empty)),
        ("with a key of zeros", signed(&zeros, &sample())),
        ("with its former key", signed(KEY, &sample())),
        ("zeros", with_sign(&sample(), &zeros)),
    ];
    assert_refused(&rig, rows).await;
    rig.put_merchant(json!({ "keys": [{ "key": KEY }] })).await;
    assert_untouched(&rig).await;
}

#[tokio::test]
async fn the_algorithm_is_told_by_length_unless_the_merchant_pins_one() {
    let rig = Rig::start().await;
    let hmac = |fields: &[(String, String)]| with_sign(fields, &sign_of(SignType::HmacSha256, fields));
    let md5 = |fields: &[(String, String)]| with_sign(fields, &sign_of(SignType::Md5, fields));
    let halved = with_sign(&sample(), &sign_of(SignType::HmacSha256, &sample())[..32]);
    let doubled = with_sign(&sample(), &sign_of(SignType::Md5, &sample()).repeat(2));
    assert_refused(&rig, [("half of the longer one", halved), ("the shorter one twice", doubled)]).await;

    rig.put_merchant(json!({ "keys": [{ "key": KEY }], "sign_type": "HMAC-SHA256" })).await;
    for claimed in ["MD5", "md5", "NONE", "", "HMAC-SHA256"] {
        let downgrade = md5(&with(&sample(), &[("sign_type", claimed)]));
        assert_refused(&rig, [("a downgrade", downgrade)]).await;
    }
    rig.put_merchant(json!({ "keys": [{ "key": KEY }], "sign_type": "MD5" })).await;
    assert_refused(&rig, [("the other way round", hmac(&sample()))]).await;
    rig.put_merchant(json!({ "keys": [{ "key": KEY }], "mode": "strict" })).await;
    assert_refused(&rig, [("in strict mode", hmac(&sample()))]).await;
    rig.assert_books(0).await;

    // What the sender says of it is a field like any other: it decides nothing.
    rig.put_merchant(json!({ "keys": [{ "key": KEY }] })).await;
    for claimed in ["MD5", "HMAC-SHA256", "NONE", ""] {
        let fields = with(&sample(), &[("sign_type", claimed)]);
        for body in [md5(&fields), hmac(&fields)] {
            assert_eq!(codes(&rig.post(SEND, body).await), ["SUCCESS"; 3], "{claimed}");
        }
    }
    rig.assert_books(1).await;
}

#[tokio::test]
async fn a_value_that_reads_like_a_second_field_is_refused() {
    let rig = Rig::start().await;
    // One signature, two messages: the fields of the one stand in a value of the other.
    let remark = "猜越多得越多，快来抢！";
    let merged = {
        let fields = with(&sample(), &[("remark", &format!("{remark}&scene_id=PRODUCT_8"))]);
        fields.into_iter().filter(|(name, _)| name != "scene_id").collect::<Vec<_>>()
    };
    let sign = sign_of(SignType::Md5, &sample());
    assert_eq!(sign_of(SignType::Md5, &merged), sign, "the two are signed alike");
    // The same, hidden in a field that nobody knows.
    let amount = "1000&total_num=1";
    let smuggled = with(&sample(), &[("total_amounx", amount)]);
    let rows = [
        ("the optional field hidden", with_sign(&merged, &sign)),
        ("hidden in an unknown field", signed(KEY, &smuggled)),
        ("a signed value with another field", signed(KEY, &with(&sample(), &[("wishing", "x&total_amount=1")]))),
    ];
    assert_refused(&rig, rows).await;
    // An ampersand alone is a text, and so is a name that no field has.
    let harmless = [("wishing", "a&b=c&total_amount & = &"), ("mch_billno", "1")];
    assert_eq!(codes(&rig.send(&harmless).await), ["SUCCESS"; 3]);
    rig.assert_books(1).await;
}

#[tokio::test]
async fn an_unknown_field_counts_when_it_is_signed_and_may_be_there_when_it_is_not() {
    let rig = Rig::start().await;
    let unsigned = changed_after(&[("sub_appid", "wx1")]);
    let signed_too = signed(KEY, &with(&sample(), &[("sub_appid", "wx1")]));
    for mode in ["compatible", "strict"] {
        rig.put_merchant(json!({ "keys": [{ "key": KEY }], "mode": mode })).await;
        assert_eq!(codes(&rig.post(SEND, unsigned.clone()).await), ["SUCCESS"; 3], "{mode}");
    }
    assert_refused(&rig, [("signed, in strict mode", signed_too.clone())]).await;
    rig.put_merchant(json!({ "keys": [{ "key": KEY }] })).await;
    assert_eq!(codes(&rig.post(SEND, signed_too.clone()).await), ["SUCCESS"; 3]);
    assert_refused(&rig, [("signed, then changed", signed_too.replace("wx1", "wx2"))]).await;
    rig.assert_books(1).await;
}

#[tokio::test]
async fn the_order_of_elements_does_not_matter() {
    let rig = Rig::start().await;
    let body = signed(KEY, &sample());
    let mut lines: Vec<&str> = body.lines().filter(|line| !line.ends_with("xml>")).collect();
    lines.reverse();
    assert!(lines[0].starts_with("<sign>"), "now it comes first");
    for turn in 0..lines.len() {
        lines.rotate_left(1);
        let body = format!("<xml>{}</xml>", lines.concat());
        assert_eq!(codes(&rig.post(SEND, body).await), ["SUCCESS"; 3], "turned by {turn}");
    }
    rig.assert_books(1).await;
}

#[tokio::test]
async fn what_was_signed_is_what_arrived_to_the_last_byte() {
    let rig = Rig::start().await;
    let wishing = "caf\u{e9} a\r\nb";
    let fields = with(&sample(), &[("wishing", wishing)]);
    let sign = sign_of(SignType::Md5, &fields);
    let sent = |wishing: &str| with_sign(&with(&fields, &[("wishing", wishing)]), &sign);
    let rows = [
        ("a blank more", sent("caf\u{e9} a\r\nb ")),
        ("a blank less", sent("caf\u{e9}a\r\nb")),
        ("decomposed", sent("cafe\u{301} a\r\nb")),
        ("newlines normalised", sent("caf\u{e9} a\nb")),
        ("another blank", sent("caf\u{e9}\u{a0}a\r\nb")),
        ("an amount with a blank", changed_after(&[("remark", "猜越多得越多，快来抢！ ")])),
    ];
    assert_refused(&rig, rows).await;
    rig.assert_books(0).await;
    // How it is written does not matter.
    let written = "<wishing>caf&#xe9; a&#13;&#10;b</wishing>";
    let cdata = "<wishing><![CDATA[café a\r\nb]]></wishing>";
    let bare = "<wishing>café a\r\nb</wishing>";
    let escaped = sent(wishing);
    let (before, rest) = escaped.split_once("<wishing>").unwrap();
    let (_, behind) = rest.split_once("</wishing>").unwrap();
    for shape in [written, cdata, bare] {
        let reply = rig.post(SEND, format!("{before}{shape}{behind}")).await;
        assert_eq!(codes(&reply), ["SUCCESS"; 3], "{shape}");
    }
    rig.assert_books(1).await;
}

#[tokio::test]
async fn a_change_of_any_field_breaks_the_signature() {
    let rig = Rig::start().await;
    for (field, value) in [
        ("total_amount", "1001"),
        ("re_openid", "onqOjjmM1tad-3ROpncN-yUfa6uI"),
        ("wxappid", "wx2421b1c4370ec43b"),
        ("nonce_str", "n"),
        ("client_ip", "192.168.0.2"),
        ("scene_id", ""),
        ("scene_id", "PRODUCT_1"),
        ("sub_mch_id", "10000090"),
        ("consume_mch_id", "10000090"),
    ] {
        assert_refused(&rig, [(field, changed_after(&[(field, value)]))]).await;
    }
    assert_untouched(&rig).await;
}
