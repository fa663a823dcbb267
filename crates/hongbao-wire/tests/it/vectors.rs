//! Known signatures. Each vector asserts every step: the canonical string, the string to sign, the
//! signature. V1 and V2 are the official sample, V3 and V3b another project's fixtures, the others
//! were computed independently of this code. Numbers are those of `docs/protocol.md`.

use hongbao_types::ApiKey;
use hongbao_wire::sign::{canonical_string, counted, sign, signature, string_to_sign, verify};
use hongbao_wire::{Endpoint, Mode, Params, SignPolicy, SignRefusal, SignRule, SignType, Verified};

const KEY: &str = "192006250b4c09247ec02edce69f6a2d";
const OTHER_KEY: &str = "00000000000000000000000000000000";
const STRICT: SignPolicy = SignPolicy { mode: Mode::Strict, pinned: None };
const COMPATIBLE: SignPolicy = SignPolicy { mode: Mode::Compatible, pinned: None };

const OFFICIAL: &[(&str, &str)] = &[
    ("mch_id", "10000100"),
    ("device_info", "1000"),
    ("nonce_str", "ibuaiVcKdpRxkhJA"),
    ("body", "test"),
    ("appid", "wxd930ea5d5a258f4f"),
];
const OFFICIAL_CANONICAL: &str =
    "appid=wxd930ea5d5a258f4f&body=test&device_info=1000&mch_id=10000100&nonce_str=ibuaiVcKdpRxkhJA";

const ORDINARY: &[(&str, &str)] = &[
    ("wxappid", "wx2421b1c4370ec43b"),
    ("mch_id", "10000100"),
    ("mch_billno", "0010010404201411170000046545"),
    ("send_name", "send_name"),
    ("re_openid", "onqOjjmM1tad-3ROpncN-yUfa6uI"),
    ("total_amount", "200"),
    ("total_num", "1"),
    ("wishing", "恭喜发财"),
    ("client_ip", "127.0.0.1"),
    ("act_name", "新年红包"),
    ("remark", "新年红包"),
    ("scene_id", "PRODUCT_2"),
    ("risk_info", "posttime%3d123123412%26clientversion%3d234134%26mobile%3d122344545%26deviceid%3dIOS"),
    ("nonce_str", "50780e0cca98c8c8e814883e5caa672e"),
];
const ORDINARY_CANONICAL: &str = "act_name=新年红包&client_ip=127.0.0.1&mch_billno=0010010404201411170000046545&\
    mch_id=10000100&nonce_str=50780e0cca98c8c8e814883e5caa672e&re_openid=onqOjjmM1tad-3ROpncN-yUfa6uI&\
    remark=新年红包&\
    risk_info=posttime%3d123123412%26clientversion%3d234134%26mobile%3d122344545%26deviceid%3dIOS&\
    scene_id=PRODUCT_2&send_name=send_name&total_amount=200&total_num=1&wishing=恭喜发财&wxappid=wx2421b1c4370ec43b";

const MODERN: &[(&str, &str)] = &[
    ("nonce_str", "5K8264ILTKCH16CQ2502SI8ZNMTM67VS"),
    ("mch_billno", "10000098201411111234567890"),
    ("mch_id", "10000098"),
    ("wxappid", "wx8888888888888888"),
    ("send_name", "天虹百货"),
    ("re_openid", "oxTWIuGaIt6gTKsQRLau2M0yL16E"),
    ("total_amount", "1000"),
    ("total_num", "1"),
    ("wishing", "感谢您参加猜灯谜活动，祝您元宵节快乐！"),
    ("client_ip", "192.168.0.1"),
    ("act_name", "猜灯谜抢红包活动"),
    ("remark", "猜越多得越多，快来抢！"),
];
const MODERN_CANONICAL: &str = "act_name=猜灯谜抢红包活动&client_ip=192.168.0.1&mch_billno=10000098201411111234567890&\
    mch_id=10000098&nonce_str=5K8264ILTKCH16CQ2502SI8ZNMTM67VS&re_openid=oxTWIuGaIt6gTKsQRLau2M0yL16E&\
    remark=猜越多得越多，快来抢！&send_name=天虹百货&total_amount=1000&total_num=1&\
    wishing=感谢您参加猜灯谜活动，祝您元宵节快乐！&wxappid=wx8888888888888888";

const QUERY: &[(&str, &str)] = &[
    ("nonce_str", "5K8264ILTKCH16CQ2502SI8ZNMTM67VS"),
    ("mch_billno", "10000098201411111234567890"),
    ("mch_id", "10000098"),
    ("appid", "wxe062425f740d30d8"),
    ("bill_type", "MCHT"),
];

fn key() -> ApiKey {
    KEY.parse().unwrap()
}

fn params(pairs: &[(&str, &str)]) -> Params {
    Params::from_pairs(pairs.iter().copied()).unwrap()
}

fn with(pairs: &[(&str, &str)], more: &[(&str, &str)]) -> Params {
    params(&[pairs, more].concat())
}

fn check(params: &Params, sign_type: SignType, canonical: &str, expected: &str) {
    assert_eq!(canonical_string(params), canonical);
    let to_sign = string_to_sign(canonical, &key());
    assert_eq!(to_sign, format!("{canonical}&key={KEY}"));
    assert_eq!(signature(sign_type, &to_sign, &key()), expected);
    assert_eq!(sign(sign_type, params, &key()), expected);
}

fn sendredpack(params: &Params, policy: SignPolicy) -> Result<Verified, SignRefusal> {
    verify(params, Endpoint::by_name("sendredpack").unwrap(), [&key()], policy)
}

#[test]
fn v1_official_sample_with_md5() {
    check(&params(OFFICIAL), SignType::Md5, OFFICIAL_CANONICAL, "9A0A8659F005D6984697E2CA0A9CF3B7");
}

#[test]
fn v2_official_sample_with_hmac_sha256() {
    let expected = "6A9AE1657590FD6257D693A078E1C3E4BB6BA4DC30B23E0EE2496E54170DACD6";
    check(&params(OFFICIAL), SignType::HmacSha256, OFFICIAL_CANONICAL, expected);
}

#[test]
fn v3_ordinary_packet() {
    check(&params(ORDINARY), SignType::Md5, ORDINARY_CANONICAL, "CAE645705D54BA78424107C6048E45B8");
}

#[test]
fn v11_modern_fields_with_full_width_punctuation() {
    check(&params(MODERN), SignType::Md5, MODERN_CANONICAL, "A6BA94628F22472191B0BE15AE6F2C87");
}

#[test]
fn v12_modern_fields_with_a_scene() {
    let canonical = MODERN_CANONICAL.replace("&send_name=", "&scene_id=PRODUCT_8&send_name=");
    let params = with(MODERN, &[("scene_id", "PRODUCT_8")]);
    check(&params, SignType::Md5, &canonical, "CDC4DEFFCC58CDDB493AA2AC4C2D6813");
}

#[test]
fn v16_query() {
    let canonical = "appid=wxe062425f740d30d8&bill_type=MCHT&mch_billno=10000098201411111234567890&mch_id=10000098&\
        nonce_str=5K8264ILTKCH16CQ2502SI8ZNMTM67VS";
    check(&params(QUERY), SignType::Md5, canonical, "3C2F21F0DA04C5D8BDAC3608066A3D42");
}

#[test]
fn v10_the_fields_of_2014_count() {
    let old = [("nick_name", "天虹百货"), ("min_value", "1000"), ("max_value", "1000")];
    let params = with(&[MODERN, &old].concat(), &[("sign", "854EA4EC84B50D4ADB5FD99ABE8BC2C2")]);
    assert_eq!(sendredpack(&params, STRICT).unwrap().rule, SignRule::KnownFields);
}

#[test]
fn v19_values_are_signed_raw() {
    let params = params(&[
        ("mch_id", "10000100"),
        ("nonce_str", "N1"),
        ("remark", "a&b=c d+e%20"),
        ("total_amount", "100"),
        ("empty", ""),
    ]);
    let canonical = "mch_id=10000100&nonce_str=N1&remark=a&b=c d+e%20&total_amount=100";
    check(&params, SignType::Md5, canonical, "305AC69934102A3E0D5A4547C5FC6B4A");
}

#[test]
fn v20_names_are_sorted_byte_by_byte() {
    let params = params(&[("appid", "wx1"), ("a", "3"), ("_z", "4"), ("Bpp", "2")]);
    check(&params, SignType::Md5, "Bpp=2&_z=4&a=3&appid=wx1", "935986019B53F000787EFE747AFFD720");
}

#[test]
fn v3b_a_signed_unknown_field_verifies_in_compatible_mode_only() {
    let params = with(ORDINARY, &[("sign_type", "MD5"), ("sign", "C9BB9D2CBE57D6E3A28BD220AFA2248D")]);
    let expected = Verified { rule: SignRule::AllNonEmpty, sign_type: SignType::Md5, key_index: 0 };
    assert_eq!(sendredpack(&params, COMPATIBLE), Ok(expected));
    assert_eq!(sendredpack(&params, STRICT), Err(SignRefusal::Mismatch));
}

#[test]
fn an_unsigned_unknown_field_verifies_in_both_modes() {
    let sent = [("sub_appid", "wx1"), ("sign_type", "MD5"), ("sign", "CAE645705D54BA78424107C6048E45B8")];
    let params = with(ORDINARY, &sent);
    for policy in [COMPATIBLE, STRICT] {
        assert_eq!(sendredpack(&params, policy).unwrap().rule, SignRule::KnownFields);
    }
}

#[test]
fn hmac_and_lower_case_verify_in_compatible_mode_only() {
    let hmac = sign(SignType::HmacSha256, &params(ORDINARY), &key());
    let params_hmac = with(ORDINARY, &[("sign", &hmac)]);
    assert_eq!(sendredpack(&params_hmac, COMPATIBLE).unwrap().sign_type, SignType::HmacSha256);
    assert_eq!(sendredpack(&params_hmac, STRICT), Err(SignRefusal::WrongLength { chars: 64 }));

    let lower = with(ORDINARY, &[("sign", "cae645705d54ba78424107c6048e45b8")]);
    assert!(sendredpack(&lower, COMPATIBLE).is_ok());
    assert_eq!(sendredpack(&lower, STRICT), Err(SignRefusal::LowerCase));
}

#[test]
fn a_pinned_algorithm_is_the_only_one() {
    let md5 = with(ORDINARY, &[("sign", "CAE645705D54BA78424107C6048E45B8")]);
    let pinned = |sign_type| SignPolicy { mode: Mode::Compatible, pinned: Some(sign_type) };
    assert!(sendredpack(&md5, pinned(SignType::Md5)).is_ok());
    assert_eq!(sendredpack(&md5, pinned(SignType::HmacSha256)), Err(SignRefusal::WrongLength { chars: 32 }));
}

#[test]
fn any_of_several_keys_will_do_and_no_key_never() {
    let params = with(QUERY, &[("sign", "3C2F21F0DA04C5D8BDAC3608066A3D42")]);
    let endpoint = Endpoint::by_name("gethbinfo").unwrap();
    let other = ApiKey::try_new(OTHER_KEY).unwrap();
    assert_eq!(verify(&params, endpoint, [&other, &key()], STRICT).unwrap().key_index, 1);
    assert_eq!(verify(&params, endpoint, [&other], STRICT), Err(SignRefusal::Mismatch));
    assert_eq!(verify(&params, endpoint, [], STRICT), Err(SignRefusal::NoKey));
}

#[test]
fn a_signature_of_no_key_at_all_is_no_signature() {
    // What `verify` computes when a merchant has no key must not be a way in.
    let canonical = canonical_string(&params(QUERY));
    let forged = signature(SignType::Md5, &format!("{canonical}&key="), &key());
    let params = with(QUERY, &[("sign", &forged)]);
    let endpoint = Endpoint::by_name("gethbinfo").unwrap();
    assert_eq!(verify(&params, endpoint, [], COMPATIBLE), Err(SignRefusal::NoKey));
}

#[test]
fn a_signature_that_is_none_says_why() {
    let refusal = |sign: &str| sendredpack(&with(ORDINARY, &[("sign", sign)]), COMPATIBLE).unwrap_err();
    assert_eq!(sendredpack(&params(ORDINARY), COMPATIBLE), Err(SignRefusal::Missing));
    assert_eq!(refusal(""), SignRefusal::Missing);
    assert_eq!(refusal("CAE6"), SignRefusal::WrongLength { chars: 4 });
    assert_eq!(refusal("CAE645705D54BA78424107C6048E45BG"), SignRefusal::NotHex);
    assert_eq!(refusal(&("红".repeat(10) + "AB")), SignRefusal::NotHex);
    assert_eq!(refusal("CAE645705D54BA78424107C6048E45B9"), SignRefusal::Mismatch);
}

#[test]
fn a_change_of_any_field_breaks_the_signature() {
    for (name, value) in ORDINARY {
        let mut params = with(ORDINARY, &[("sign", "CAE645705D54BA78424107C6048E45B8")]);
        params.set(*name, format!("{value} ")).unwrap();
        assert_eq!(sendredpack(&params, COMPATIBLE), Err(SignRefusal::Mismatch), "{name}");
    }
}

/// `remark=x&scene_id=PRODUCT_2` and the two fields `remark=x`, `scene_id=PRODUCT_2` have one canonical
/// string, hence one signature: whoever gets hold of one message could send the other.
#[test]
fn a_value_that_reads_like_a_further_field_is_refused() {
    let mut params = params(MODERN);
    params.set("remark", "x&scene_id=PRODUCT_2").unwrap();
    let two_fields = {
        let mut params = params.clone();
        params.set("remark", "x").unwrap();
        params.set("scene_id", "PRODUCT_2").unwrap();
        params
    };
    assert_eq!(canonical_string(&params), canonical_string(&two_fields));

    let good = sign(SignType::Md5, &params, &key());
    params.set("sign", good).unwrap();
    assert_eq!(sendredpack(&params, COMPATIBLE), Err(SignRefusal::Ambiguous { field: "remark".into() }));

    params.set("remark", "a&b=c&scene_id d").unwrap();
    let good = sign(SignType::Md5, &params, &key());
    params.set("sign", good).unwrap();
    assert!(sendredpack(&params, COMPATIBLE).is_ok());
}

#[test]
fn known_fields_are_those_of_the_table_that_count() {
    let params = with(ORDINARY, &[("act_id", "1"), ("nick_name", ""), ("foo", "bar"), ("sign", "x")]);
    let endpoint = Endpoint::by_name("sendredpack").unwrap();
    assert_eq!(canonical_string(counted(&params, endpoint, SignRule::KnownFields)), ORDINARY_CANONICAL);
    assert_eq!(counted(&params, endpoint, SignRule::AllNonEmpty).count(), ORDINARY.len() + 2);
}
