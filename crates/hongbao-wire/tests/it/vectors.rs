//! Twenty known signatures. Each vector asserts every step: the canonical string, the string to sign, the
//! signature. V1 and V2 are the official sample, V3 to V7 another project's fixtures, the others
//! were computed independently of this code.

use hongbao_types::{ApiKey, Mode, WorkwxSecret};
use hongbao_wire::sign::{
    canonical_string, counted, pay_sign, pay_sign_fields, sign, signature, string_to_sign, verify, verify_pay_sign,
    workwx_sign, workwx_string_to_sign,
};
use hongbao_wire::{Endpoint, Params, SignPolicy, SignRefusal, SignRule, SignType, Verified};

use crate::samples::SEND;

const KEY: &str = "192006250b4c09247ec02edce69f6a2d";
const OTHER_KEY: &str = "00000000000000000000000000000000";
const STRICT: SignPolicy = SignPolicy { mode: Mode::Strict, pinned: None };
const COMPATIBLE: SignPolicy = SignPolicy { mode: Mode::Compatible, pinned: None };

fn secret() -> WorkwxSecret {
    WorkwxSecret::try_new(KEY).unwrap()
}

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

const MODERN_CANONICAL: &str = "act_name=猜灯谜抢红包活动&client_ip=192.168.0.1&mch_billno=10000098201411111234567890&\
    mch_id=10000098&nonce_str=5K8264ILTKCH16CQ2502SI8ZNMTM67VS&re_openid=oxTWIuGaIt6gTKsQRLau2M0yL16E&\
    remark=猜越多得越多，快来抢！&send_name=天虹百货&total_amount=1000&total_num=1&\
    wishing=感谢您参加猜灯谜活动，祝您元宵节快乐！&wxappid=wx8888888888888888";

/// What the set of 2014 has besides.
const OLD: &[(&str, &str)] = &[("nick_name", "天虹百货"), ("min_value", "1000"), ("max_value", "1000")];

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

fn without(params: &Params, names: &[&str]) -> Params {
    Params::from_pairs(params.iter().filter(|(name, _)| !names.contains(name))).unwrap()
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
fn v3b_ordinary_packet_with_a_signed_sign_type() {
    let canonical = ORDINARY_CANONICAL.replace("&total_amount=", "&sign_type=MD5&total_amount=");
    let params = with(ORDINARY, &[("sign_type", "MD5")]);
    check(&params, SignType::Md5, &canonical, "C9BB9D2CBE57D6E3A28BD220AFA2248D");
}

#[test]
fn v4_group_packet() {
    let mut params = without(&params(ORDINARY), &["client_ip"]);
    params.set("total_amount", "600").unwrap();
    params.set("total_num", "3").unwrap();
    params.set("amt_type", "ALL_RAND").unwrap();
    let canonical = "act_name=新年红包&amt_type=ALL_RAND&mch_billno=0010010404201411170000046545&mch_id=10000100&\
        nonce_str=50780e0cca98c8c8e814883e5caa672e&re_openid=onqOjjmM1tad-3ROpncN-yUfa6uI&remark=新年红包&\
        risk_info=posttime%3d123123412%26clientversion%3d234134%26mobile%3d122344545%26deviceid%3dIOS&\
        scene_id=PRODUCT_2&send_name=send_name&total_amount=600&total_num=3&wishing=恭喜发财&\
        wxappid=wx2421b1c4370ec43b";
    check(&params, SignType::Md5, canonical, "A7E8609BDC147326E8EE82BD031EBA3D");
    params.set("sign_type", "MD5").unwrap();
    let canonical = canonical.replace("&total_amount=", "&sign_type=MD5&total_amount=");
    check(&params, SignType::Md5, &canonical, "07A8148D88B056AE56BFBFCC8CBC0401");
}

#[test]
fn v5_mini_program_packet() {
    let mut params = params(&[
        ("wxappid", "wx2421b1c4370ec43b"),
        ("mch_id", "10000100"),
        ("nonce_str", "50780e0cca98c8c8e814883e5caa672e"),
        ("mch_billno", "2334580734271081478888000026"),
        ("send_name", "miniprogramtest"),
        ("re_openid", "oeDV3t7xy1IkfYFzgOsCZvdRjb45"),
        ("total_amount", "100"),
        ("total_num", "1"),
        ("wishing", "wishing"),
        ("act_name", "act_name"),
        ("remark", "remark"),
        ("notify_way", "MINI_PROGRAM_JSAPI"),
    ]);
    let canonical = "act_name=act_name&mch_billno=2334580734271081478888000026&mch_id=10000100&\
        nonce_str=50780e0cca98c8c8e814883e5caa672e&notify_way=MINI_PROGRAM_JSAPI&\
        re_openid=oeDV3t7xy1IkfYFzgOsCZvdRjb45&remark=remark&send_name=miniprogramtest&total_amount=100&total_num=1&\
        wishing=wishing&wxappid=wx2421b1c4370ec43b";
    check(&params, SignType::Md5, canonical, "A3F75B94BB93591BA9065556F70855FA");
    params.set("sign_type", "MD5").unwrap();
    let canonical = canonical.replace("&total_amount=", "&sign_type=MD5&total_amount=");
    check(&params, SignType::Md5, &canonical, "68D051FA341FE68A671439BF28980CE6");
}

#[test]
fn v6_query_of_another_project() {
    let mut params = params(&[
        ("appid", "wx2421b1c4370ec43b"),
        ("mch_id", "10000100"),
        ("mch_billno", "9010080799701411170000046603"),
        ("bill_type", "MCHT"),
        ("nonce_str", "50780e0cca98c8c8e814883e5caa672e"),
    ]);
    let canonical = "appid=wx2421b1c4370ec43b&bill_type=MCHT&mch_billno=9010080799701411170000046603&mch_id=10000100&\
        nonce_str=50780e0cca98c8c8e814883e5caa672e";
    check(&params, SignType::Md5, canonical, "B52930D6136EA0B5A40F5692EA47DE08");
    params.set("sign_type", "MD5").unwrap();
    check(&params, SignType::Md5, &format!("{canonical}&sign_type=MD5"), "231F70D63D64EB36C1BE83E7E598B280");
}

#[test]
fn v7_the_page_that_opens_a_mini_program_packet() {
    let package = "sendid=242e8abd163d300019b2cae74ba8e8c06e3f0e51ab84d16b3c80decd22a5b672&ver=8&\
        sign=4110d649a5aef52dd6b95654ddf91ca7d5411ac159ace4e1a766b7d3967a1c3dfe1d256811445a4abda2d9cfa4a9b377\
        a829258bd00d90313c6c346f2349fe5d&mchid=11475856&appid=wxd27ebc41b85ce36d";
    let encoded = package.replace('=', "%3D").replace('&', "%26");
    let (app, nonce, timestamp) = ("wx2421b1c4370ec43b", "e61463f8efa94090b1f366cccfbbb444", "1414561699");
    let fields = pay_sign_fields(app, nonce, package, timestamp);
    let fields = params(&fields.each_ref().map(|(name, value)| (*name, value.as_str())));
    let canonical = format!("appId={app}&nonceStr={nonce}&package={encoded}&timeStamp={timestamp}");
    check(&fields, SignType::Md5, &canonical, "0CECD02326E26C27FBC77F6062EF8654");
    assert_eq!(pay_sign(app, nonce, package, timestamp, &key()), "0cecd02326e26c27fbc77f6062ef8654");

    // Two mistakes that are made: the package as it came, and the algorithm's name signed as well.
    let mut raw = fields.clone();
    raw.set("package", package).unwrap();
    assert_eq!(sign(SignType::Md5, &raw, &key()).to_ascii_lowercase(), "4f1c454e04b60be05a9c4819b1bffca9");
    let mut more = fields;
    more.set("signType", "MD5").unwrap();
    assert_eq!(sign(SignType::Md5, &more, &key()).to_ascii_lowercase(), "0bba704cd4445b138b0b5b85f405bcf3");

    let verify = |package: &str, claimed: &str| verify_pay_sign(app, nonce, package, timestamp, claimed, &key());
    assert!(verify(&encoded, "0cecd02326e26c27fbc77f6062ef8654"));
    assert!(verify(&encoded, "0CECD02326E26C27FBC77F6062EF8654"));
    for wrong in ["4f1c454e04b60be05a9c4819b1bffca9", "0bba704cd4445b138b0b5b85f405bcf3", "", "0cecd0"] {
        assert!(!verify(&encoded, wrong), "{wrong}");
    }
    assert!(!verify(package, "0cecd02326e26c27fbc77f6062ef8654"), "the encoded package is signed");
}

const WORKWX: &[(&str, &str)] = &[
    ("act_name", "XXX"),
    ("mch_billno", "11111234567890"),
    ("mch_id", "10000098"),
    ("nonce_str", "qFKEgfig76DF9912fewmkp"),
    ("re_openid", "oxTWIuGaIt6gTKsQRLau2M0yL16E"),
    ("total_amount", "100"),
    ("wxappid", "wx123456789"),
    ("sender_name", "XX活动"),
    ("wishing", "感谢您参加猜灯谜活动，祝您元宵节快乐！"),
    ("remark", "猜越多得越多，快来抢！"),
];

#[test]
fn v8_the_inner_signature_of_a_wecom_packet() {
    let canonical = "act_name=XXX&mch_billno=11111234567890&mch_id=10000098&nonce_str=qFKEgfig76DF9912fewmkp&\
        re_openid=oxTWIuGaIt6gTKsQRLau2M0yL16E&total_amount=100&wxappid=wx123456789";
    assert_eq!(canonical_string(&params(&WORKWX[..7])), canonical);
    // Its seven fields, whatever else is there.
    for fields in [&WORKWX[..7], WORKWX] {
        assert_eq!(workwx_string_to_sign(&params(fields), &secret()), format!("{canonical}&secret={KEY}"));
        assert_eq!(workwx_sign(&params(fields), &secret()), "8B8D04AFC9FD08094CC5A0C2FA8BB60C");
    }
}

#[test]
fn v9_a_wecom_packet_signs_its_inner_signature_too() {
    let canonical = "act_name=XXX&mch_billno=11111234567890&mch_id=10000098&nonce_str=qFKEgfig76DF9912fewmkp&\
        re_openid=oxTWIuGaIt6gTKsQRLau2M0yL16E&remark=猜越多得越多，快来抢！&sender_name=XX活动&total_amount=100&\
        wishing=感谢您参加猜灯谜活动，祝您元宵节快乐！&workwx_sign=8B8D04AFC9FD08094CC5A0C2FA8BB60C&\
        wxappid=wx123456789";
    let params = with(WORKWX, &[("workwx_sign", &workwx_sign(&params(WORKWX), &secret()))]);
    check(&params, SignType::Md5, canonical, "C0400A6AACA8D3C67D95652914E29550");
}

#[test]
fn v10_ordinary_packet_with_the_fields_of_2014() {
    let params = with(SEND, OLD);
    let canonical = MODERN_CANONICAL
        .replace("&mch_billno=", "&max_value=1000&mch_billno=")
        .replace("&nonce_str=", "&min_value=1000&nick_name=天虹百货&nonce_str=");
    check(&params, SignType::Md5, &canonical, "854EA4EC84B50D4ADB5FD99ABE8BC2C2");
}

#[test]
fn v11_modern_fields_with_full_width_punctuation() {
    check(&params(SEND), SignType::Md5, MODERN_CANONICAL, "A6BA94628F22472191B0BE15AE6F2C87");
}

#[test]
fn v12_modern_fields_with_a_scene() {
    let canonical = MODERN_CANONICAL.replace("&send_name=", "&scene_id=PRODUCT_8&send_name=");
    let params = with(SEND, &[("scene_id", "PRODUCT_8")]);
    check(&params, SignType::Md5, &canonical, "CDC4DEFFCC58CDDB493AA2AC4C2D6813");
}

#[test]
fn v13_mini_program_packet_with_a_scene() {
    let params = with(SEND, &[("scene_id", "PRODUCT_8"), ("notify_way", "MINI_PROGRAM_JSAPI")]);
    let params = without(&params, &["client_ip"]);
    let canonical = MODERN_CANONICAL
        .replace("client_ip=192.168.0.1&", "")
        .replace("&re_openid=", "&notify_way=MINI_PROGRAM_JSAPI&re_openid=")
        .replace("&send_name=", "&scene_id=PRODUCT_8&send_name=");
    check(&params, SignType::Md5, &canonical, "36C863C8B4C6F21035C2097ABD1F5F6C");
}

#[test]
fn v14_packet_of_a_service_provider() {
    let provider = [("sub_mch_id", "10000090"), ("msgappid", "wx28b16568a629bb33"), ("consume_mch_id", "10000097")];
    let canonical = MODERN_CANONICAL
        .replace("&mch_billno=", "&consume_mch_id=10000097&mch_billno=")
        .replace("&nonce_str=", "&msgappid=wx28b16568a629bb33&nonce_str=")
        .replace("&total_amount=", "&sub_mch_id=10000090&total_amount=");
    check(&with(SEND, &provider), SignType::Md5, &canonical, "CF4984B63694E2C422950A9C56C594D7");
}

#[test]
fn v15_group_packet_with_a_scene() {
    let mut params = without(&with(SEND, &[("scene_id", "PRODUCT_8"), ("amt_type", "ALL_RAND")]), &["client_ip"]);
    params.set("total_num", "3").unwrap();
    let canonical = MODERN_CANONICAL
        .replace("&client_ip=192.168.0.1", "&amt_type=ALL_RAND")
        .replace("&send_name=", "&scene_id=PRODUCT_8&send_name=")
        .replace("&total_num=1", "&total_num=3");
    check(&params, SignType::Md5, &canonical, "36111F876485D40DAFBE956939B3E23C");
}

#[test]
fn v16_query() {
    let canonical = "appid=wxe062425f740d30d8&bill_type=MCHT&mch_billno=10000098201411111234567890&mch_id=10000098&\
        nonce_str=5K8264ILTKCH16CQ2502SI8ZNMTM67VS";
    check(&params(QUERY), SignType::Md5, canonical, "3C2F21F0DA04C5D8BDAC3608066A3D42");
}

#[test]
fn v17_preorder() {
    let params = params(&[
        ("mch_billno", "0010010404201411170000046545"),
        ("mch_id", "10000097"),
        ("wxappid", "wxcbda96de0b165486"),
        ("send_name", "send_name"),
        ("hb_type", "NORMAL"),
        ("auth_mchid", "1000052601"),
        ("auth_appid", "wxbf42bd79c4391863"),
        ("total_amount", "200"),
        ("amt_type", "ALL_RAND"),
        ("total_num", "1"),
        ("wishing", "恭喜发财"),
        ("act_name", "新年红包"),
        ("remark", "新年红包"),
        ("risk_cntl", "NORMAL"),
        ("nonce_str", "50780e0cca98c8c8e814883e5caa672e"),
    ]);
    let canonical = "act_name=新年红包&amt_type=ALL_RAND&auth_appid=wxbf42bd79c4391863&auth_mchid=1000052601&\
        hb_type=NORMAL&mch_billno=0010010404201411170000046545&mch_id=10000097&\
        nonce_str=50780e0cca98c8c8e814883e5caa672e&remark=新年红包&risk_cntl=NORMAL&send_name=send_name&\
        total_amount=200&total_num=1&wishing=恭喜发财&wxappid=wxcbda96de0b165486";
    check(&params, SignType::Md5, canonical, "2996336398B4E53E881389D57B8FAF2E");
}

#[test]
fn v18_draw_of_the_shake() {
    let params = params(&[
        ("lottery_id", "1234567890"),
        ("noncestr", "5K8264ILTKCH16CQ2502SI8ZNMTM67VS"),
        ("openid", "oxTWIuGaIt6gTKsQRLau2M0yL16E"),
    ]);
    let canonical = "lottery_id=1234567890&noncestr=5K8264ILTKCH16CQ2502SI8ZNMTM67VS&\
        openid=oxTWIuGaIt6gTKsQRLau2M0yL16E";
    check(&params, SignType::Md5, canonical, "D251461D066B5CFF0AA2D407503EF2BE");
}

#[test]
fn the_fields_of_2014_count_in_both_modes() {
    let params = with(&[SEND, OLD].concat(), &[("sign", "854EA4EC84B50D4ADB5FD99ABE8BC2C2")]);
    for policy in [STRICT, COMPATIBLE] {
        assert_eq!(sendredpack(&params, policy).unwrap().rule, SignRule::KnownFields);
    }
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
fn a_signed_unknown_field_verifies_in_compatible_mode_only() {
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
    let mut params = params(SEND);
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
