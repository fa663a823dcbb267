//! Signatures that nobody made, and messages that changed after they were signed.

use hongbao_types::{ApiKey, Mode};
use hongbao_wire::sign::{canonical_string, sign, signature, verify};
use hongbao_wire::{Endpoint, Params, SignPolicy, SignRefusal, SignRule, SignType, Verified, decode, encode};

const COMPATIBLE: SignPolicy = SignPolicy { mode: Mode::Compatible, pinned: None };
const STRICT: SignPolicy = SignPolicy { mode: Mode::Strict, pinned: None };

fn key() -> ApiKey {
    ApiKey::try_new("192006250b4c09247ec02edce69f6a2D").unwrap()
}

fn query(changes: &[(&str, &str)]) -> Params {
    let mut params = Params::from_pairs([
        ("nonce_str", "50780e0cca98c8c8e814883e5caa672e"),
        ("mch_billno", "9010080799701411170000046603"),
        ("mch_id", "10000100"),
        ("appid", "wx2421b1c4370ec43b"),
        ("bill_type", "MCHT"),
    ])
    .unwrap();
    for (name, value) in changes {
        params.set(*name, *value).unwrap();
    }
    params
}

fn judged(params: &Params, policy: SignPolicy) -> Result<Verified, SignRefusal> {
    verify(params, Endpoint::by_name("gethbinfo").unwrap(), [&key()], policy)
}

/// The query, changed like this, with this for a signature.
fn with_sign(changes: &[(&str, &str)], sign: &str) -> Params {
    let mut params = query(changes);
    params.set("sign", sign).unwrap();
    params
}

#[test]
fn what_is_not_quite_a_signature_is_none() {
    let good = sign(SignType::Md5, &query(&[]), &key());
    let hmac = sign(SignType::HmacSha256, &query(&[]), &key());
    let long = |chars| SignRefusal::WrongLength { chars };
    for (name, sign, refusal) in [
        ("zeros", "0".repeat(32), SignRefusal::Mismatch),
        ("a digit short", good[1..].to_owned(), long(31)),
        ("a digit long", format!("{good}0"), long(33)),
        ("blanks around it", format!(" {good} "), long(34)),
        ("a blank for its last digit", format!("{} ", &good[..31]), SignRefusal::NotHex),
        ("twice", good.repeat(2), SignRefusal::Mismatch),
        ("half of the longer one", hmac[..32].to_owned(), SignRefusal::Mismatch),
        ("very long", "A".repeat(20_000), long(20_000)),
    ] {
        let params = with_sign(&[], &sign);
        assert_eq!(judged(&params, COMPATIBLE), Err(refusal), "{name}");
        assert!(judged(&params, STRICT).is_err(), "{name}");
    }
    assert!(judged(&with_sign(&[], &good), STRICT).is_ok());
}

#[test]
fn no_other_key_will_do() {
    let canonical = canonical_string(&query(&[]));
    for tail in
        ["", "&key=", "&key=192006250b4c09247ec02edce69f6a2d", "&key=10000100", "&KEY=192006250b4c09247ec02edce69f6a2D"]
    {
        let forged = signature(SignType::Md5, &format!("{canonical}{tail}"), &key());
        assert_eq!(judged(&with_sign(&[], &forged), COMPATIBLE), Err(SignRefusal::Mismatch), "{tail}");
    }
}

#[test]
fn the_sender_does_not_choose_the_algorithm_by_name() {
    for claimed in ["MD5", "md5", "HMAC-SHA256", "NONE", ""] {
        let changes = [("sign_type", claimed)];
        for sign_type in [SignType::Md5, SignType::HmacSha256] {
            let params = with_sign(&changes, &sign(sign_type, &query(&changes), &key()));
            let found = judged(&params, COMPATIBLE).unwrap();
            assert_eq!(found.sign_type, sign_type, "it is told by the length, whatever {claimed:?} says");
            let other = if sign_type == SignType::Md5 { SignType::HmacSha256 } else { SignType::Md5 };
            let pinned = SignPolicy { mode: Mode::Compatible, pinned: Some(other) };
            assert!(matches!(judged(&params, pinned), Err(SignRefusal::WrongLength { .. })), "{claimed:?}");
        }
    }
}

#[test]
fn what_was_signed_is_what_arrived_to_the_last_byte() {
    let value = "caf\u{e9} a\r\nb";
    let sign = sign(SignType::Md5, &query(&[("note", value)]), &key());
    let arrived = |value: &str| judged(&with_sign(&[("note", value)], &sign), COMPATIBLE);
    assert_eq!(arrived(value).unwrap().rule, SignRule::AllNonEmpty);
    for changed in
        ["cafe\u{301} a\r\nb", "caf\u{e9} a\nb", "caf\u{e9} a\r\nb ", "caf\u{e9}\u{a0}a\r\nb", "CAF\u{c9} a\r\nb"]
    {
        assert_eq!(arrived(changed), Err(SignRefusal::Mismatch), "{changed:?}");
    }
    // Whatever it is wrapped in on its way.
    let body = encode(&with_sign(&[("note", value)], &sign));
    let (before, rest) = body.split_once("<note>").unwrap();
    let (_, behind) = rest.split_once("</note>").unwrap();
    for wrapped in
        ["<![CDATA[café a\r\nb]]>", "café a\r\nb", "caf&#xe9; a&#13;&#10;b", "<![CDATA[caf]]>é<![CDATA[ a\r\nb]]>"]
    {
        let params = decode(format!("{before}<note>{wrapped}</note>{behind}").as_bytes()).unwrap();
        assert!(judged(&params, COMPATIBLE).is_ok(), "{wrapped:?}");
    }
}

#[test]
fn a_field_is_not_hidden_in_any_value_not_even_of_an_unknown_field() {
    for (field, value) in [
        ("nonce_str", "n&mch_billno=1"),
        ("zzz", "x&mch_id=10000099"),
        ("zzz", "&appid="),
        ("zzz", "a=b&c&bill_type=MCHT&"),
    ] {
        let changes = [(field, value)];
        let params = with_sign(&changes, &sign(SignType::Md5, &query(&changes), &key()));
        assert_eq!(judged(&params, COMPATIBLE), Err(SignRefusal::Ambiguous { field: field.into() }), "{value}");
    }
}
