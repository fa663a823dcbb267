//! `hongbao sign` and `hongbao verify`: each step is shown, and each known mistake is named.

use std::path::Path;

use hongbao::ApiKey;
use hongbao_wire::sign::{canonical_string, sign};
use hongbao_wire::{Params, SignType, encode};
use md5::{Digest, Md5};

use crate::running::{field, folder, run};

const KEY: &str = "192006250b4c09247ec02edce69f6a2d";
/// The query of the official samples, and its signature.
const QUERY: [(&str, &str); 5] = [
    ("nonce_str", "5K8264ILTKCH16CQ2502SI8ZNMTM67VS"),
    ("mch_billno", "10000098201411111234567890"),
    ("mch_id", "10000098"),
    ("appid", "wxe062425f740d30d8"),
    ("bill_type", "MCHT"),
];
const CANONICAL: &str = "appid=wxe062425f740d30d8&bill_type=MCHT&mch_billno=10000098201411111234567890&\
    mch_id=10000098&nonce_str=5K8264ILTKCH16CQ2502SI8ZNMTM67VS";
const SIGN: &str = "3C2F21F0DA04C5D8BDAC3608066A3D42";

fn query(more: &[(&str, &str)]) -> Params {
    let mut params = Params::from_pairs(QUERY).unwrap();
    for (name, value) in more {
        params.set(*name, *value).unwrap();
    }
    params
}

fn key() -> ApiKey {
    ApiKey::try_new(KEY).unwrap()
}

fn right(params: &Params) -> String {
    sign(SignType::Md5, params, &key())
}

fn md5(text: impl AsRef<[u8]>) -> String {
    hex::encode_upper(Md5::digest(text))
}

/// Writes `params`, with this signature, into a file of `folder`.
fn write(folder: &Path, params: &Params, sign: &str) {
    let mut params = params.clone();
    params.set("sign", sign).unwrap();
    std::fs::write(folder.join("request.xml"), encode(&params)).unwrap();
}

/// Exit code and output of `hongbao verify` for `params` with this signature.
fn verify(params: &Params, sign: &str, flags: &[&str]) -> (Option<i32>, String) {
    let folder = folder();
    write(folder.path(), params, sign);
    let ran = run(folder.path(), &[&["verify", "--key", KEY, "request.xml"], flags].concat());
    assert!(!ran.stdout.contains(KEY) && ran.stderr.is_empty(), "{}", ran.transcript());
    (ran.code, ran.stdout)
}

#[test]
fn each_step_of_a_signature_is_shown() {
    let folder = folder();
    let mut arguments = vec!["sign", "--key", KEY];
    let fields = QUERY.map(|(name, value)| format!("{name}={value}"));
    for field in &fields {
        arguments.extend(["--field", field.as_str()]);
    }
    let shown = run(folder.path(), &arguments).succeeded();
    assert_eq!([field(&shown, "canonical"), field(&shown, "MD5")], [CANONICAL, SIGN]);
    assert_eq!(field(&shown, "to sign"), format!("{CANONICAL}&key=***"));
    let shown = run(folder.path(), &[&arguments[..], &["--show-key"]].concat()).succeeded();
    assert_eq!(field(&shown, "to sign"), format!("{CANONICAL}&key={KEY}"));
    let shown = run(folder.path(), &[&arguments[..], &["--sign-type", "HMAC-SHA256"]].concat()).succeeded();
    assert_eq!(field(&shown, "HMAC-SHA256"), sign(SignType::HmacSha256, &query(&[]), &key()));
}

#[test]
fn a_signed_request_can_be_sent_as_it_is_printed() {
    let folder = folder();
    write(folder.path(), &query(&[("foo", "bar")]), "of-before");
    std::fs::write(folder.path().join("key.txt"), format!("{KEY}\n")).unwrap();
    let base = ["sign", "--key-file", "key.txt", "request.xml", "--endpoint", "gethbinfo"];
    let shown = run(folder.path(), &base).succeeded();
    assert_eq!([field(&shown, "MD5"), field(&shown, "not counted")], [SIGN, "foo"]);
    let signed = run(folder.path(), &[&base[..], &["--xml"]].concat()).succeeded();
    std::fs::write(folder.path().join("signed.xml"), signed).unwrap();
    let verified = run(folder.path(), &["verify", "--key-file", "key.txt", "signed.xml"]).succeeded();
    assert_eq!(field(&verified, "verdict"), "matches: the known fields of gethbinfo, MD5");
}

#[test]
fn a_right_signature_is_shown_by_each_rule() {
    let (code, shown) = verify(&query(&[]), SIGN, &[]);
    assert_eq!(code, Some(0), "{shown}");
    let rules: Vec<_> = shown.lines().filter_map(|line| line.strip_prefix("rule        ")).collect();
    assert_eq!(rules, ["the known fields of gethbinfo", "all non-empty fields"]);
    assert_eq!(shown.matches(&format!("canonical   {CANONICAL}\n")).count(), 2);
    assert_eq!(shown.matches(&format!("to sign     {CANONICAL}&key=***\n")).count(), 2);
    assert_eq!(shown.matches(&format!("MD5         {SIGN}  matches\n")).count(), 2);
    assert_eq!(field(&shown, "verdict"), "matches: the known fields of gethbinfo, MD5");
    let (_, shown) = verify(&query(&[]), SIGN, &["--endpoint", "gethbinfo", "--diagnose"]);
    assert!(!shown.contains("sendredpack"), "{shown}");
    assert_eq!(field(&shown, "diagnosis"), "no mistakes: as the live service is believed to want it for gethbinfo");
}

#[test]
fn a_wrong_signature_ends_with_1_and_without_a_signature_both_are_shown() {
    let (code, shown) = verify(&query(&[]), &"0".repeat(32), &[]);
    assert_eq!((code, field(&shown, "verdict")), (Some(1), "no: signature does not match".to_owned()));
    assert!(!shown.contains("  matches"), "{shown}");
    let (code, shown) = verify(&query(&[]), "", &[]);
    assert_eq!((code, field(&shown, "verdict")), (Some(1), "no: signature is missing".to_owned()));
    assert_eq!([field(&shown, "MD5").len(), field(&shown, "HMAC-SHA256").len()], [32, 64]);
    let (code, shown) = verify(&query(&[("nonce_str", "a&appid=b")]), SIGN, &[]);
    assert_eq!(code, Some(1));
    assert!(field(&shown, "verdict").contains("name of another field"), "{shown}");
}

#[test]
fn what_is_no_signature_is_not_taken_for_another_key() {
    let diagnosis = |sign: &str| {
        let (code, shown) = verify(&query(&[]), sign, &["--diagnose"]);
        assert_eq!(code, Some(1), "{shown}");
        shown.lines().find_map(|line| line.strip_prefix("diagnosis   ")).map(str::to_owned)
    };
    let no_signature = "that is no signature: 32 hexadecimal digits (MD5), or 64 (HMAC-SHA256)";
    for sign in ["abc", &format!(" {SIGN}"), &SIGN.replace('3', "x")] {
        assert_eq!(diagnosis(sign).as_deref(), Some(no_signature), "{sign}");
    }
    assert_eq!(diagnosis(""), None, "the verdict says that it is missing");
    let ambiguous = query(&[("nonce_str", "a&appid=b")]);
    let (_, shown) = verify(&ambiguous, &right(&ambiguous), &["--diagnose", "--endpoint", "gethbinfo"]);
    assert!(!shown.contains("diagnosis"), "{shown}");
}

#[test]
fn a_value_can_not_pass_for_a_line_of_the_verdict() {
    let params = query(&[("nonce_str", "x\nverdict     matches: all\u{202E}")]);
    let (code, shown) = verify(&params, &"0".repeat(32), &[]);
    assert_eq!((code, shown.matches("\nverdict").count()), (Some(1), 1), "{shown}");
    assert!(shown.contains("nonce_str=x\\nverdict     matches: all\\u{202e}&key=***"), "{shown}");
}

#[test]
fn standard_input_and_json_are_for_programs() {
    let folder = folder();
    write(folder.path(), &query(&[("foo", "bar")]), &right(&query(&[("foo", "bar")])));
    let arguments = ["verify", "--key", KEY, "--diagnose", "--json", "-"];
    let file = std::fs::File::open(folder.path().join("request.xml")).unwrap();
    let shown = crate::running::run_with_input(folder.path(), &arguments, file).succeeded();
    let shown: serde_json::Value = serde_json::from_str(&shown).unwrap();
    assert_eq!(shown["matches"]["rule"], "all_non_empty_fields");
    assert_eq!(shown["rules"][1]["signatures"]["MD5"], shown["sign"]);
    assert_eq!(shown["diagnosis"]["endpoint"], "gethbinfo");
    assert_eq!(shown["diagnosis"]["mistakes"][0]["mistake"], "unknown_fields");
}

#[test]
fn what_is_no_request_is_refused_with_a_sentence() {
    let folder = folder();
    std::fs::write(folder.path().join("request.xml"), "<xml><a>1</a><a>2</a></xml>").unwrap();
    let ran = run(folder.path(), &["verify", "--key", KEY, "request.xml"]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.stderr.starts_with("error: not a request: request.xml: "), "{}", ran.stderr);
    let ran = run(folder.path(), &["verify", "--key", "CANARYKEY", "request.xml"]);
    assert!(!ran.stderr.contains("CANARY") && ran.stderr.contains("\nhint: "), "{}", ran.stderr);
    let ran = run(folder.path(), &["sign", "--key", KEY, "--field", "mch_id"]);
    assert_eq!(ran.stderr, "error: not a field: \"mch_id\"\n\nhint: write it as NAME=VALUE: --field mch_id=10000098\n");
}

/// What the diagnosis says of `params` with this signature: exactly one mistake.
#[track_caller]
fn one_mistake(params: &Params, sign: &str) -> String {
    let (_, shown) = verify(params, sign, &["--diagnose"]);
    assert_eq!(field(&shown, "diagnosis"), "1 mistake, as a request of gethbinfo", "{shown}");
    field(&shown, "mistake")
}

#[test]
fn a_field_outside_the_known_set_is_named() {
    let params = query(&[("sub_appid", "wx1")]);
    assert_eq!(one_mistake(&params, &right(&params)), "fields are signed that do not count: sub_appid");
}

#[test]
fn an_empty_value_is_named() {
    let params = query(&[("bill_type", "")]);
    let signed = CANONICAL.replace("bill_type=MCHT", "bill_type=");
    assert_eq!(
        one_mistake(&params, &md5(format!("{signed}&key={KEY}"))),
        "fields without a value are signed: bill_type"
    );
}

#[test]
fn a_trimmed_value_is_named() {
    let params = query(&[("bill_type", " MCHT")]);
    assert_eq!(one_mistake(&params, SIGN), "values are signed trimmed, and sent with their blanks: bill_type");
}

#[test]
fn a_url_encoded_value_is_named() {
    let params = query(&[("nonce_str", "a/b 红")]);
    let signed = right(&query(&[("nonce_str", "a%2Fb+%E7%BA%A2")]));
    assert_eq!(one_mistake(&params, &signed), "values are signed URL-encoded");
}

#[test]
fn a_wrong_order_is_named() {
    let signed: Vec<_> = QUERY.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let signed = md5(format!("{}&key={KEY}", signed.join("&")));
    assert_eq!(one_mistake(&query(&[]), &signed), "fields are signed in the order of the message");
}

#[test]
fn lower_case_is_named_and_matches_all_the_same() {
    assert_eq!(one_mistake(&query(&[]), &SIGN.to_lowercase()), "the signature is in lower case");
    assert_eq!(verify(&query(&[]), &SIGN.to_lowercase(), &[]).0, Some(0));
}

#[test]
fn a_key_with_a_blank_is_named() {
    let signed = md5(format!("{CANONICAL}&key={KEY}\n"));
    assert_eq!(one_mistake(&query(&[]), &signed), "the key was used with a line end (LF) behind it");
}

#[test]
fn hmac_for_md5_and_md5_for_hmac_are_named() {
    let hmac = sign(SignType::HmacSha256, &query(&[]), &key());
    assert_eq!(one_mistake(&query(&[]), &hmac), "the signature is made with HMAC-SHA256");
    assert_eq!(
        one_mistake(&query(&[("sign_type", "HMAC-SHA256")]), SIGN),
        "sign_type says HMAC-SHA256, and the signature is made with MD5"
    );
}

#[test]
fn gbk_is_named() {
    let params = query(&[("nonce_str", "红包")]);
    let text = format!("{}&key={KEY}", canonical_string(&params));
    let (bytes, _, _) = encoding_rs::GBK.encode(&text);
    assert_eq!(one_mistake(&params, &md5(bytes)), "text is signed in GBK, and sent in UTF-8");
}

#[test]
fn another_key_is_no_known_mistake() {
    let other = ApiKey::try_new("00000000000000000000000000000000").unwrap();
    let (code, shown) = verify(&query(&[]), &sign(SignType::Md5, &query(&[]), &other), &["--diagnose"]);
    assert_eq!(code, Some(1));
    let text = "none of the known mistakes explains it; the likeliest cause is another key";
    assert_eq!(field(&shown, "diagnosis"), text);
}
