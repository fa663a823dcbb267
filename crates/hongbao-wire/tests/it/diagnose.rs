//! Each known mistake, made on purpose: is it named, and nothing else?

use hongbao_types::ApiKey;
use hongbao_wire::endpoint::{GETHBINFO, SENDREDPACK};
use hongbao_wire::sign::{canonical_string, sign, signature, string_to_sign};
use hongbao_wire::{Mistake, Params, SignType, diagnose};
use md5::{Digest, Md5};

use crate::samples::SEND;

const KEY: &str = "192006250b4c09247ec02edce69f6a2d";

fn key() -> ApiKey {
    KEY.parse().unwrap()
}

fn message(changed: &[(&str, &str)]) -> Params {
    let mut params = Params::from_pairs(SEND.iter().copied()).unwrap();
    params.set("remark", "a b").unwrap();
    for (name, value) in changed {
        params.set(*name, *value).unwrap();
    }
    params
}

fn md5(text: impl AsRef<[u8]>) -> String {
    hex::encode_upper(Md5::digest(text))
}

/// Signs `signed` rightly, sends it as `sent`, and asks what is wrong.
fn found(sent: &Params, signature: &str) -> Option<Vec<Mistake>> {
    let mut params = sent.clone();
    params.set("sign", signature).unwrap();
    diagnose(&params, &SENDREDPACK, &key())
}

fn expect(sent: &Params, signature: &str, mistakes: &[Mistake]) {
    assert_eq!(found(sent, signature).as_deref(), Some(mistakes));
}

fn these(names: &[&str]) -> Vec<String> {
    names.iter().map(ToString::to_string).collect()
}

fn right(params: &Params) -> String {
    sign(SignType::Md5, params, &key())
}

/// The string to sign of fields in this order, with the key as it is used.
fn to_sign<'a>(fields: impl IntoIterator<Item = (&'a str, &'a str)>, key: &str) -> String {
    let fields: Vec<_> = fields.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
    format!("{}&key={key}", fields.join("&"))
}

#[test]
fn a_right_signature_has_no_mistakes() {
    expect(&message(&[]), &right(&message(&[])), &[]);
    // What is sent and not signed does no harm.
    expect(&message(&[("sub_appid", "wx1")]), &right(&message(&[])), &[]);
}

#[test]
fn a_field_outside_the_known_set() {
    let sent = message(&[("sub_appid", "wx1"), ("sign_type", "MD5")]);
    expect(&sent, &right(&sent), &[Mistake::UnknownFields(these(&["sub_appid", "sign_type"]))]);
    // Known, and yet left out of the string.
    let sent = message(&[("act_id", "1")]);
    expect(&sent, &right(&sent), &[Mistake::UnknownFields(these(&["act_id"]))]);
}

#[test]
fn an_empty_value() {
    let sent = message(&[("scene_id", "")]);
    let mut fields: Vec<_> = sent.iter().collect();
    fields.sort_unstable();
    expect(&sent, &md5(to_sign(fields, KEY)), &[Mistake::EmptyValues(these(&["scene_id"]))]);
}

#[test]
fn trimmed_values() {
    let sent = message(&[("remark", " a b\n"), ("send_name", "天虹百货 ")]);
    let signed = message(&[]);
    expect(&sent, &right(&signed), &[Mistake::TrimmedValues(these(&["send_name", "remark"]))]);
}

#[test]
fn other_line_ends() {
    let sent = message(&[("remark", "a\r\nb")]);
    expect(&sent, &right(&message(&[("remark", "a\nb")])), &[Mistake::LineEnds(these(&["remark"]))]);
}

#[test]
fn url_encoded_values_in_each_languages_style() {
    let name = "天虹百货";
    let (upper, lower) = ("%E5%A4%A9%E8%99%B9%E7%99%BE%E8%B4%A7", "%e5%a4%a9%e8%99%b9%e7%99%be%e8%b4%a7");
    let text = |remark: &str, encoded_name: &str, encoded_remark: &str| {
        let sent = message(&[("send_name", name), ("remark", remark), ("wishing", "w"), ("act_name", "a")]);
        let mut signed = sent.clone();
        signed.set("send_name", encoded_name).unwrap();
        signed.set("remark", encoded_remark).unwrap();
        expect(&sent, &right(&signed), &[Mistake::UrlEncoded]);
    };
    text("a b~*", upper, "a+b%7E%2A");
    text("a b~*", lower, "a+b%7e%2a");
    text("a b~*", upper, "a%20b~%2A");
    text("a b~*", upper, "a%20b~*");
}

#[test]
fn values_that_are_sent_encoded_and_signed_plain() {
    let sent = message(&[("remark", "%E5%A4%A9")]);
    expect(&sent, &right(&message(&[("remark", "天")])), &[Mistake::UrlDecoded(these(&["remark"]))]);
}

#[test]
fn values_as_they_are_escaped_in_xml() {
    let sent = message(&[("remark", "a<b&c")]);
    expect(&sent, &right(&message(&[("remark", "a&lt;b&amp;c")])), &[Mistake::XmlEscaped(these(&["remark"]))]);
}

#[test]
fn the_wrong_order() {
    let sent = message(&[]);
    expect(&sent, &md5(to_sign(&sent, KEY)), &[Mistake::MessageOrder]);

    let sent = message(&[("Zone", "1")]);
    let mut fields: Vec<_> = sent.iter().collect();
    fields.sort_by_key(|(name, _)| name.to_ascii_lowercase());
    let mistakes = [Mistake::UnknownFields(these(&["Zone"])), Mistake::CaseInsensitiveOrder];
    expect(&sent, &md5(to_sign(fields, KEY)), &mistakes);
}

#[test]
fn lower_case() {
    expect(&message(&[]), &right(&message(&[])).to_lowercase(), &[Mistake::LowerCase]);
}

#[test]
fn a_key_with_a_blank() {
    let sent = message(&[]);
    let canonical = canonical_string(&sent);
    for (used, what) in [
        (format!("{KEY} "), "a blank behind it"),
        (format!(" {KEY}"), "a blank before it"),
        (format!("{KEY}\n"), "a line end (LF) behind it"),
        (format!("{KEY}\r\n"), "a line end (CR LF) behind it"),
        (format!("{KEY}\t"), "a tab behind it"),
        (format!("\u{FEFF}{KEY}"), "a byte order mark before it"),
    ] {
        expect(&sent, &md5(format!("{canonical}&key={used}")), &[Mistake::KeyWithBlank(what)]);
    }
}

#[test]
fn a_key_in_another_case() {
    let sent = message(&[]);
    let used = format!("{}&key={}", canonical_string(&sent), KEY.to_uppercase());
    expect(&sent, &md5(used), &[Mistake::KeyCase]);
}

#[test]
fn hmac_and_md5_swapped() {
    let sent = message(&[]);
    let hmac = sign(SignType::HmacSha256, &sent, &key());
    expect(&sent, &hmac, &[Mistake::Algorithm("HMAC-SHA256")]);

    let sent = message(&[("sign_type", "HMAC-SHA256")]);
    expect(&sent, &right(&message(&[])), &[Mistake::SignType]);
    expect(&sent, &right(&sent), &[Mistake::UnknownFields(these(&["sign_type"])), Mistake::SignType]);
    let sha256 = {
        use sha2::{Digest, Sha256};
        hex::encode_upper(Sha256::digest(string_to_sign(&canonical_string(&message(&[])), &key())))
    };
    expect(&message(&[]), &sha256, &[Mistake::Algorithm("SHA-256")]);
}

#[test]
fn text_in_gbk() {
    let sent = message(&[]);
    let text = string_to_sign(&canonical_string(&sent), &key());
    let (bytes, _, _) = encoding_rs::GBK.encode(&text);
    expect(&sent, &md5(bytes), &[Mistake::Gbk]);
}

#[test]
fn several_at_once_are_all_named_and_no_more_than_there_are() {
    let sent = message(&[("sign_type", "MD5"), ("scene_id", "")]);
    let signed = to_sign(&sent, &format!("{KEY}\n"));
    let mistakes = [
        Mistake::UnknownFields(these(&["sign_type"])),
        Mistake::EmptyValues(these(&["scene_id"])),
        Mistake::MessageOrder,
        Mistake::KeyWithBlank("a line end (LF) behind it"),
    ];
    assert_eq!(found(&sent, &md5(&signed)), None, "four are too many to be found by trying");
    let signed = to_sign(sent.iter().filter(|(_, value)| !value.is_empty()), &format!("{KEY}\n"));
    let mistakes = [mistakes[0].clone(), mistakes[2].clone(), mistakes[3].clone()];
    expect(&sent, &md5(&signed).to_lowercase(), &[&mistakes[..], &[Mistake::LowerCase]].concat());
}

#[test]
fn what_is_not_explained_is_not_guessed() {
    let sent = message(&[]);
    let other = ApiKey::try_new("00000000000000000000000000000000").unwrap();
    for signature in [sign(SignType::Md5, &sent, &other), "0".repeat(32), "0".repeat(64), "x".into(), String::new()] {
        assert_eq!(found(&sent, &signature), None, "{signature}");
    }
    assert_eq!(found(&sent, &signature(SignType::Md5, &canonical_string(&sent), &key())), None, "no key at all");
}

#[test]
fn what_counts_is_a_matter_of_the_endpoint() {
    let mut query = Params::from_pairs([("mch_billno", "1"), ("mch_id", "10000098"), ("bill_type", "MCHT")]).unwrap();
    query.set("sign", right(&query)).unwrap();
    assert_eq!(diagnose(&query, &GETHBINFO, &key()), Some(vec![]));
    let mistakes = diagnose(&query, &SENDREDPACK, &key());
    assert_eq!(mistakes, Some(vec![Mistake::UnknownFields(these(&["bill_type"]))]));
}

#[test]
fn every_mistake_says_what_to_do_and_shows_no_key() {
    let mistakes = [Mistake::KeyWithBlank("a blank behind it"), Mistake::KeyCase, Mistake::Gbk, Mistake::UrlEncoded];
    for mistake in mistakes {
        assert!(!mistake.advice().is_empty() && !mistake.name().contains(' '));
        assert!(!format!("{mistake} {mistake:?}").contains(KEY));
    }
}
