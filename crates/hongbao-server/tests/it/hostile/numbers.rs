//! Numbers that are none, and numbers that some languages take for others.

use super::{assert_field_refused, assert_no_xml, assert_untouched};
use crate::rig::{KEY, Rig, codes, element, sample, signed};

#[tokio::test]
async fn an_amount_is_plain_digits_and_nothing_else() {
    let rig = Rig::start().await;
    let digits = "1".repeat(5_000);
    for value in [
        "",
        "0",
        "00",
        "-0",
        "-1",
        "+100",
        " 100",
        "100 ",
        "100\n",
        "0100",
        "1e2",
        "100.0",
        "1,000",
        "1_000",
        "0x64",
        "１００",
        "١٠٠",
        "一百",
        "NaN",
        "9223372036854775808",
        "18446744073709551716",
        "-18446744073709551516",
        &digits,
    ] {
        let reply = rig.send(&[("total_amount", value)]).await;
        assert_field_refused(value, &reply, "参数错误:红包金额参数错误.");
        assert_eq!(element(&reply, "total_amount"), "0", "{value:?}: an amount that is none is echoed as 0");
    }
    // One that can be held is judged by the limits.
    let reply = rig.send(&[("total_amount", "9223372036854775807")]).await;
    assert_eq!(codes(&reply), ["SUCCESS", "FAIL", "MONEY_LIMIT"]);
    assert_untouched(&rig).await;
}

#[tokio::test]
async fn an_ordinary_packet_has_one_share_however_large_the_number() {
    let rig = Rig::start().await;
    let digits = "1".repeat(5_000);
    // 2^32 + 1 and 2^64 + 1 are 1 in too few bits.
    for value in
        ["", "0", "2", "-1", "01", "1.0", " 1", "１", "2147483648", "4294967297", "18446744073709551617", &digits]
    {
        assert_field_refused(value, &rig.send(&[("total_num", value)]).await, "参数错误:total_num必须等于1");
    }
    assert_untouched(&rig).await;
}

#[tokio::test]
async fn a_bill_number_is_letters_and_digits() {
    let rig = Rig::start().await;
    let length = "参数错误:订单号字段必填,最长为28个字符.";
    let content = "参数错误:输入的商户订单号有误.";
    for (value, words) in [
        ("", length),
        ("10000098201411111234567890123", length),
        ("🧧🧧🧧🧧🧧🧧🧧🧧🧧🧧🧧🧧🧧🧧🧧🧧🧧🧧🧧🧧🧧🧧🧧🧧🧧🧧🧧🧧🧧", length),
        ("🧧", content),
        ("1/2", content),
        ("../../etc/passwd", content),
        ("1'", content),
        ("1' OR '1'='1", content),
        ("1;--", content),
        ("1%00", content),
        ("1\n2", content),
        (" 1", content),
        ("１２", content),
        ("<b>", content),
    ] {
        let reply = rig.send(&[("mch_billno", value)]).await;
        assert_field_refused(value, &reply, words);
    }
    let nul = signed(KEY, &sample()).replace("<mch_billno><![CDATA[", "<mch_billno><![CDATA[\0");
    assert_no_xml(&rig, "NUL", nul).await;
    assert_untouched(&rig).await;
}

#[tokio::test]
async fn who_pays_who_gets_and_from_where_is_checked_by_content() {
    let rig = Rig::start().await;
    let unknown = "参数错误:找不到对应的商户号.";
    let merchant = "参数错误:输入的商户号有误.";
    let openid = "参数错误:re_openid字段不正确,请检查是否合法";
    let ip = "参数错误:client_ip必须是合法的IP字符串.";
    let long = "1".repeat(33);
    for (field, value, words) in [
        ("mch_id", "010000098", unknown),
        ("mch_id", "4304967394", unknown),
        ("mch_id", "10000098 ", merchant),
        ("mch_id", "１００００09８", merchant),
        ("mch_id", "10000098' OR 1=1", merchant),
        ("mch_id", "-10000098", merchant),
        ("mch_id", &long, merchant),
        ("re_openid", "oxTWIuGaIt6gTKsQRLau2M0yL16'", openid),
        ("re_openid", "oxTWIuGaIt6gTKsQRLau2M0yL16é", openid),
        ("re_openid", "oxTWIuGaIt6gTKsQRLau2M0yL16E ", openid),
        ("client_ip", "127.1", ip),
        ("client_ip", "2130706433", ip),
        ("client_ip", "0x7f000001", ip),
        ("client_ip", "0177.0.0.1", ip),
        ("client_ip", "::ffff:127.0.0.1", ip),
        ("wxappid", "wx8888888888888888'", "参数错误:appid字段必填,最长为32个字符."),
    ] {
        assert_field_refused(value, &rig.send(&[(field, value)]).await, words);
    }
    assert_untouched(&rig).await;
}
