//! Each field's words, as the service says them.

use hongbao_types::Mode;
use hongbao_wire::{Endpoint, Need, Params};

use crate::samples::SEND;

fn send() -> Params {
    Params::from_pairs(SEND.iter().copied()).unwrap()
}

fn query() -> Params {
    Params::from_pairs([
        ("nonce_str", "50780e0cca98c8c8e814883e5caa672e"),
        ("mch_billno", "9010080799701411170000046603"),
        ("mch_id", "10000100"),
        ("appid", "wx2421b1c4370ec43b"),
        ("bill_type", "MCHT"),
    ])
    .unwrap()
}

fn endpoint(name: &str) -> &'static Endpoint {
    Endpoint::by_name(name).unwrap()
}

/// Gives one field of a good request each of the values, and expects these words.
fn check(endpoint: &Endpoint, good: &Params, field: &str, bad: &[&str], words: &str) {
    for value in bad {
        let mut params = good.clone();
        params.set(field, *value).unwrap();
        let refusal = endpoint.check(&params, Mode::Compatible).expect_err(value);
        assert_eq!((refusal.field, refusal.text.as_str()), (field, words), "{value:?}");
    }
}

fn refused(field: &str, bad: &[&str], words: &str) {
    check(endpoint("sendredpack"), &send(), field, bad, words);
}

fn taken(field: &str, good: &[&str]) {
    for value in good {
        let mut params = send();
        params.set(field, *value).unwrap();
        assert_eq!(endpoint("sendredpack").check(&params, Mode::Compatible), Ok(()), "{field}={value:?}");
    }
}

#[test]
fn good_requests_pass_with_unknown_fields_and_any_signature() {
    let mut params = send();
    params.push("sub_appid", "whatever").unwrap();
    params.push("sign", "").unwrap();
    assert_eq!(endpoint("sendredpack").check(&params, Mode::Compatible), Ok(()));
    assert_eq!(endpoint("gethbinfo").check(&query(), Mode::Compatible), Ok(()));
}

#[test]
fn a_missing_field_is_refused_like_an_empty_one() {
    for good in [(endpoint("sendredpack"), send()), (endpoint("gethbinfo"), query())] {
        let (endpoint, good) = good;
        for (missing, _) in &good {
            let rest = Params::from_pairs(good.iter().filter(|(name, _)| *name != missing)).unwrap();
            let mut empty = good.clone();
            empty.set(missing, "").unwrap();
            let refusal = endpoint.check(&rest, Mode::Compatible).unwrap_err();
            assert_eq!(refusal.field, missing);
            assert_eq!(endpoint.check(&empty, Mode::Compatible), Err(refusal));
        }
    }
}

#[test]
fn fields_are_checked_in_the_table_s_order() {
    let table = endpoint("sendredpack");
    let mut params = Params::new();
    for field in table.fields {
        if let Some(value) = send().get(field.name) {
            assert_eq!(table.check(&params, Mode::Compatible).unwrap_err().field, field.name);
            params.set(field.name, value).unwrap();
        }
    }
    assert_eq!(table.check(&params, Mode::Compatible), Ok(()));
}

#[test]
fn nonce_str() {
    refused("nonce_str", &["", &"n".repeat(33)], "参数错误:nonce_str字段必填,并且少于32字符.");
    taken("nonce_str", &["1541234567890", "红"]);
}

#[test]
fn mch_billno() {
    refused("mch_billno", &["", &"1".repeat(29)], "参数错误:订单号字段必填,最长为28个字符.");
    refused(
        "mch_billno",
        &["a-b", "a b", "红包", "a_b", "a/b", "a'", "1\n", "🧧", "１"],
        "参数错误:输入的商户订单号有误.",
    );
    taken("mch_billno", &["1", "test2", &"9".repeat(28)]);
}

#[test]
fn mch_id() {
    refused("mch_id", &["", "wx1", "1 ", "１０", &"1".repeat(33)], "参数错误:输入的商户号有误.");
}

#[test]
fn wxappid() {
    refused("wxappid", &["", &"w".repeat(33), "wx 1", "红包"], "参数错误:appid字段必填,最长为32个字符.");
    taken("wxappid", &["ww5823bf96d3bd56c7"]);
}

#[test]
fn send_name() {
    refused("send_name", &["", &"店".repeat(33)], "参数错误:send_name字段必填,并且少于32字符.");
    taken("send_name", &[&"店".repeat(32), " ", "🧧"]);
}

#[test]
fn re_openid() {
    refused("re_openid", &["", &"o".repeat(33)], "参数错误:re_openid字段为必填并且少于32个字符.");
    refused(
        "re_openid",
        &["oxTWIuGaIt6gTKsQRLau2M0yL16", "oxTWIuGaIt6gTKsQRLau2M0yL16EE", "oxTWIuGaIt6gTKsQRLau2M0yL16+", "红包"],
        "参数错误:re_openid字段不正确,请检查是否合法",
    );
}

#[test]
fn total_amount() {
    let digits = "1".repeat(5_000);
    let bad = ["", "0", "-1", "-0", "+100", "100.0", "1e2", "0x64", " 100", "100 ", "100\n", "0100", "1,000", "1_000"];
    refused("total_amount", &bad, "参数错误:红包金额参数错误.");
    let bad = ["１００", "١٠٠", "abc", "9223372036854775808", "18446744073709551716", &digits];
    refused("total_amount", &bad, "参数错误:红包金额参数错误.");
    taken("total_amount", &["1", "9223372036854775807"]);
}

#[test]
fn total_num() {
    refused("total_num", &["", "0", "2", "01", "1.0", "one", "-1", "１"], "参数错误:total_num必须等于1");
    // 2^32 + 1 and 2^64 + 1 are 1 in too few bits.
    refused("total_num", &["2147483648", "4294967297", "18446744073709551617"], "参数错误:total_num必须等于1");
}

#[test]
fn wishing() {
    refused("wishing", &["", &"福".repeat(129)], "参数错误:wishing字段为必填,并且少于128个字符.");
    taken("wishing", &[&"福".repeat(128), &"🧧".repeat(128)]);
    let code = ["]]><total_amount>1", "<script>", "=cmd|' /C calc'!A0", "\u{202E}001", "a\r\nb"];
    taken("wishing", &code);
}

#[test]
fn client_ip() {
    let bad = ["", "localhost", "256.0.0.1", "1.2.3", "1.2.3.4 ", "::1", "127.0.0.01", "2130706433", "0x7f000001"];
    refused("client_ip", &bad, "参数错误:client_ip必须是合法的IP字符串.");
    taken("client_ip", &["0.0.0.0", "255.255.255.255"]);
}

#[test]
fn act_name() {
    refused("act_name", &["", &"新".repeat(33)], "参数错误:act_name字段必填,并且少于32个字符.");
    taken("act_name", &[&"新".repeat(32)]);
}

#[test]
fn remark() {
    refused("remark", &["", &"快".repeat(257)], "参数错误:remark字段为必填,并且少于256字符.");
    taken("remark", &[&"快".repeat(256)]);
}

#[test]
fn scene_id() {
    refused("scene_id", &["PRODUCT_0", "PRODUCT_9", "product_1", "1"], "参数错误:scene_id字段不正确.");
    taken("scene_id", &["", "PRODUCT_1", "PRODUCT_8"]);
}

#[test]
fn the_amounts_of_2014() {
    for field in ["min_value", "max_value"] {
        refused(field, &["999", "1001", "x", "01000"], "参数错误:发放金额、最小金额、最大金额必须相等.");
        taken(field, &["", "1000"]);
    }
}

#[test]
fn the_other_fields_of_2014_and_of_providers() {
    refused("nick_name", &[&"店".repeat(17)], "参数错误:nick_name字段必填，并且少于16字符.");
    taken("nick_name", &["", &"店".repeat(16)]);
    refused("sub_mch_id", &["x"], "参数错误:sub_mch_id字段不正确.");
    refused("risk_info", &[&"%".repeat(129)], "参数错误:risk_info字段最长为128个字符.");
}

#[test]
fn a_query_s_own_fields() {
    let refused = |field, bad: &[&str], words| check(endpoint("gethbinfo"), &query(), field, bad, words);
    refused("appid", &["", &"w".repeat(33)], "参数错误:appid字段非法,最长为32个字符.");
    refused("bill_type", &["", "mcht", "MCHT "], "参数错误:bill_type字段必填,固定值为MCHT.");
    refused("mch_billno", &["", &"1".repeat(29)], "参数错误:订单号字段必填,最长为28个字符.");
}

/// Each row is a field of an endpoint's examples with a value, and the words with which it is refused in compatible and
/// in strict mode; none when it is taken.
#[test]
fn what_only_some_endpoints_ask() {
    const GROUP: (&str, &str) = ("hb_type", "GROUP");
    const NAME: (&str, &str) = ("sender_name", "XX活动");
    const NO_AGENT: (&str, &str) = ("agentid", "");
    const FORCE: (&str, &str) = ("check_name", "FORCE_CHECK");
    const EITHER: Option<&str> = Some("sender_name和agentid字段必须二选一.");
    const THREE: Option<&str> = Some("total_num必须大于等于3.");
    const NUMBER: Option<&str> = Some("total_num字段不正确.");
    const RANDOM: Option<&str> = Some("amt_type字段必填,固定值为ALL_RAND.");
    const FORCED: Option<&str> = Some("re_user_name字段在强校验时必填,最长为64个字符.");
    const LONG: Option<&str> = Some("描述信息大于100Bytes");
    type Row<'a> = (&'a str, &'a [(&'a str, &'a str)], Option<&'a str>, Option<&'a str>);
    let bytes_99 = "付".repeat(33);
    let bytes_102 = "付".repeat(34);
    let rows: &[Row<'_>] = &[
        ("sendredpack", &[("wishing", "恭喜🧧")], None, Some("wishing字段含有不支持的字符.")),
        ("sendgroupredpack", &[("total_num", "2")], THREE, THREE),
        ("sendgroupredpack", &[("amt_type", "ALL_SAME")], RANDOM, RANDOM),
        ("sendminiprogramhb", &[("notify_way", "JSAPI")], None, Some("notify_way字段必填,固定值为MINI_PROGRAM_JSAPI.")),
        ("hbpreorder", &[("total_num", "3")], None, NUMBER),
        ("hbpreorder", &[GROUP, ("total_num", "3")], None, None),
        ("hbpreorder", &[GROUP, ("total_num", "1")], NUMBER, NUMBER),
        ("hbpreorder", &[("auth_mchid", "10000098")], None, Some("auth_mchid字段不正确.")),
        ("hbpreorder", &[("auth_appid", "wx7777777")], None, Some("auth_appid字段不正确.")),
        ("hbpreorder", &[("amt_type", "")], None, None),
        ("sendworkwxredpack", &[("mch_id", "x")], Some("商户号非法."), Some("商户号非法.")),
        ("sendworkwxredpack", &[NAME], EITHER, EITHER),
        ("sendworkwxredpack", &[NO_AGENT], EITHER, EITHER),
        ("sendworkwxredpack", &[NO_AGENT, NAME], None, None),
        ("sendworkwxredpack", &[("agentid", "x")], Some("agentid字段不正确."), Some("agentid字段不正确.")),
        ("sendworkwxredpack", &[("workwx_sign", "")], None, None),
        ("transfers", &[("check_name", "OPTION_CHECK")], None, Some("check_name字段必填,只能是NO_CHECK或FORCE_CHECK.")),
        ("transfers", &[FORCE, ("re_user_name", "")], FORCED, FORCED),
        ("transfers", &[FORCE, ("re_user_name", "王小王")], None, None),
        ("transfers", &[("desc", &bytes_99)], None, None),
        ("transfers", &[("desc", &bytes_102)], LONG, LONG),
    ];
    for (name, changes, compatible, strict) in rows {
        let endpoint = endpoint(name);
        let mut params = Params::new();
        for field in endpoint.fields.iter().filter(|field| field.need != Need::Optional && field.name != "sender_name")
        {
            params.set(field.name, field.example).unwrap();
        }
        for (field, value) in *changes {
            params.set(*field, *value).unwrap();
        }
        for (mode, words) in [(Mode::Compatible, compatible), (Mode::Strict, strict)] {
            let refused = endpoint.check(&params, mode).err().map(|refusal| refusal.text);
            assert_eq!(refused, words.map(|words| format!("参数错误:{words}")), "{name} {changes:?} {mode:?}");
        }
    }
}
