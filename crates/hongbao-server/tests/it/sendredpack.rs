//! `/mmpaymkttransfers/sendredpack`, by what it answers.

use std::sync::Arc;

use hongbao_store::faulty::Fault;
use hongbao_wire::Family;
use serde_json::json;
use tokio::task::JoinSet;

use crate::rig::{BILL_NO, KEY, MERCHANT, OPENID, OTHER_OPENID, Rig, codes, element, sample, signed, with};

const PATH: &str = "/mmpaymkttransfers/sendredpack";

#[tokio::test]
async fn a_packet_is_sent_in_the_words_and_order_of_the_wire() {
    let rig = Rig::start().await;
    let reply = rig.send(&[]).await;
    let packet = element(&reply, "send_listid");
    assert!(packet.len() == 31 && packet.starts_with("100020141111"), "{packet}");
    let expected = format!(
        "<xml>\n\
         <return_code><![CDATA[SUCCESS]]></return_code>\n\
         <return_msg><![CDATA[发放成功]]></return_msg>\n\
         <result_code><![CDATA[SUCCESS]]></result_code>\n\
         <err_code><![CDATA[SUCCESS]]></err_code>\n\
         <err_code_des><![CDATA[发放成功]]></err_code_des>\n\
         <mch_billno><![CDATA[{BILL_NO}]]></mch_billno>\n\
         <mch_id><![CDATA[{MERCHANT}]]></mch_id>\n\
         <wxappid><![CDATA[wx8888888888888888]]></wxappid>\n\
         <re_openid><![CDATA[{OPENID}]]></re_openid>\n\
         <total_amount>1000</total_amount>\n\
         <send_listid><![CDATA[{packet}]]></send_listid>\n\
         </xml>"
    );
    assert_eq!(reply, expected);
    assert_eq!(rig.send(&[("nonce_str", "another")]).await, expected, "the same call, the same answer");
    assert_eq!(rig.funds().await, 4000);
    rig.assert_books(1).await;
}

#[tokio::test]
async fn a_wrong_field_is_named_in_the_words_of_the_wire_and_echoed() {
    let rig = Rig::start().await;
    let reply = rig.send(&[("total_num", "2")]).await;
    let expected = format!(
        "<xml>\n\
         <return_code><![CDATA[SUCCESS]]></return_code>\n\
         <return_msg><![CDATA[参数错误:total_num必须等于1]]></return_msg>\n\
         <result_code><![CDATA[FAIL]]></result_code>\n\
         <err_code><![CDATA[PARAM_ERROR]]></err_code>\n\
         <err_code_des><![CDATA[参数错误:total_num必须等于1]]></err_code_des>\n\
         <mch_billno><![CDATA[{BILL_NO}]]></mch_billno>\n\
         <mch_id><![CDATA[{MERCHANT}]]></mch_id>\n\
         <wxappid><![CDATA[wx8888888888888888]]></wxappid>\n\
         <re_openid><![CDATA[{OPENID}]]></re_openid>\n\
         <total_amount>1000</total_amount>\n\
         <total_num>2</total_num>\n\
         </xml>"
    );
    assert_eq!(reply, expected);
    for (name, value, text) in [
        ("act_name", "", "参数错误:act_name字段必填,并且少于32个字符."),
        ("total_amount", "0100", "参数错误:红包金额参数错误."),
        ("re_openid", "oxTWIuGaIt6gTKsQRLau2M0yL16", "参数错误:re_openid字段不正确,请检查是否合法"),
        ("client_ip", "localhost", "参数错误:client_ip必须是合法的IP字符串."),
        ("mch_id", "1000009x", "参数错误:输入的商户号有误."),
        ("mch_id", "10000097", "参数错误:找不到对应的商户号."),
    ] {
        let reply = rig.send(&[(name, value)]).await;
        assert_eq!(codes(&reply), ["SUCCESS", "FAIL", "PARAM_ERROR"], "{name}={value}");
        assert_eq!((element(&reply, "err_code_des"), element(&reply, "return_msg")), (text, text));
        assert_eq!(element(&reply, "re_openid"), if name == "re_openid" { value } else { OPENID });
        // An amount that is none is echoed as 0.
        assert_eq!(element(&reply, "total_amount"), if name == "total_amount" { "0" } else { "1000" });
    }
    rig.assert_books(0).await;
}

#[tokio::test]
async fn checks_come_in_the_order_of_production() {
    let rig = Rig::start().await;
    rig.send(&[]).await;
    let other_app = ("wxappid", "wx2421b1c4370ec43b");
    // Everything is wrong; then one thing after another is put right.
    let wrong_key = "0123456789abcdef0123456789abcdef";
    let answer = async |key: &str, changes: &[(&str, &str)]| {
        let reply = rig.send_with(key, changes).await;
        format!("{} {}", element(&reply, "err_code"), element(&reply, "err_code_des"))
    };
    let other_person = ("re_openid", OTHER_OPENID);
    let all_wrong = answer(wrong_key, &[("total_num", "0"), other_app, other_person]).await;
    assert_eq!(all_wrong, "PARAM_ERROR 参数错误:total_num必须等于1");
    assert_eq!(answer(wrong_key, &[other_app, other_person]).await, "SIGN_ERROR 签名错误");
    assert_eq!(answer(KEY, &[other_app, other_person]).await, "PARAM_ERROR 参数错误:商户号和wxappid不匹配.");
    assert_eq!(answer(KEY, &[other_person]).await, "FATAL_ERROR 更换了openid，但商户单号未更新");
    // An address that is not on the list comes before the comparison with the first call.
    rig.put_merchant(json!({ "keys": [{ "key": KEY }], "allowed_addresses": ["192.168.0.1"] })).await;
    let reply = rig.send(&[("total_amount", "1001")]).await;
    assert_eq!(codes(&reply), ["SUCCESS", "FAIL", "NO_AUTH"]);
    assert_eq!(element(&reply, "err_code_des"), "IP地址非你在商户平台设置的可用IP地址");
    rig.put_merchant(json!({ "keys": [{ "key": KEY }], "allowed_addresses": ["127.0.0.1"] })).await;
    let reply = rig.send(&[("total_amount", "1001")]).await;
    assert_eq!(element(&reply, "err_code_des"), "更换了金额，但商户单号未更新");
    assert_eq!(element(&reply, "total_amount"), "1001", "the new value is echoed");
    rig.assert_books(1).await;
}

#[tokio::test]
async fn limits_and_funds_decline_in_their_own_words() {
    let rig = Rig::start().await;
    let new = |number: u32| format!("1000009820141111{number:010}");
    let reply = rig.send(&[("total_amount", "20001")]).await;
    assert_eq!(element(&reply, "err_code"), "MONEY_LIMIT");
    assert_eq!(element(&reply, "return_msg"), "每个红包的平均金额必须在1.00元到200.00元之间.");

    let reply = rig.send(&[("total_amount", "5001")]).await;
    assert_eq!(codes(&reply), ["SUCCESS", "FAIL", "NOTENOUGH"]);
    assert_eq!(element(&reply, "err_code_des"), "帐号余额不足，请到商户平台充值后再重试");
    rig.top_up("T2", 1).await;
    assert_eq!(codes(&rig.send(&[("total_amount", "5001")]).await), ["SUCCESS"; 3]);

    let limits = |limits| json!({ "keys": [{ "key": KEY }], "limits": limits });
    for (number, limit, code) in [
        (1, json!({ "amount_per_day_fen": 5001 }), "SENDAMOUNT_LIMIT"),
        (2, json!({ "recipient_packets_per_day": 1 }), "SENDNUM_LIMIT"),
        (3, json!({ "recipient_amount_per_day_fen": 5001 }), "RCVDAMOUNT_LIMIT"),
        (4, json!({ "packets_per_minute": 0 }), "FREQ_LIMIT"),
    ] {
        rig.put_merchant(limits(limit)).await;
        assert_eq!(codes(&rig.send(&[("mch_billno", &new(number))]).await), ["SUCCESS", "FAIL", code]);
    }
    rig.put_merchant(limits(json!({ "amount_max_fen": 499_900 }))).await;
    let reply = rig.send(&[("mch_billno", &new(5)), ("total_amount", "20001"), ("scene_id", "")]).await;
    assert_eq!(element(&reply, "err_code"), "PARAM_ERROR");
    rig.put_merchant(json!({ "keys": [{ "key": KEY }], "frozen": true })).await;
    let reply = rig.send(&[("mch_billno", &new(6))]).await;
    assert_eq!(codes(&reply), ["SUCCESS", "FAIL", "PAYER_ACCOUNT_ABNORMAL"]);
    // Accepted: one. Landed: three limits and the frozen one. The rate limit and wrong fields left nothing.
    rig.assert_books(5).await;
}

#[tokio::test]
async fn a_key_counts_while_it_is_valid_and_any_of_several_does() {
    let rig = Rig::start().await;
    let second = "8934e7d15453e97507ef794cf7b0519d";
    let body = json!({ "keys": [
        { "key": KEY, "valid_until": "2014-11-11T12:00:00+08:00" },
        { "key": second, "valid_from": "2014-11-11T11:00:00+08:00" },
    ] });
    rig.put_merchant(body).await;
    assert_eq!(element(&rig.send(&[]).await, "err_code"), "SIGN_ERROR", "the first key is over");
    assert_eq!(codes(&rig.send_with(second, &[]).await), ["SUCCESS"; 3]);
    rig.put_merchant(json!({ "keys": [] })).await;
    assert_eq!(element(&rig.send(&[]).await, "err_code"), "SIGN_ERROR", "a merchant without a key is nobody");
}

#[tokio::test]
async fn strict_mode_takes_only_what_production_takes() {
    let rig = Rig::start().await;
    let extra = [("sign_type", "MD5")];
    assert_eq!(codes(&rig.send(&extra).await), ["SUCCESS"; 3], "compatible mode takes a signed extra field");
    let emoji = [("mch_billno", "1"), ("wishing", "🧧")];
    assert_eq!(codes(&rig.send(&emoji).await), ["SUCCESS"; 3]);
    rig.put_merchant(json!({ "keys": [{ "key": KEY }], "mode": "strict" })).await;
    assert_eq!(element(&rig.send(&extra).await, "err_code"), "SIGN_ERROR");
    assert_eq!(element(&rig.send(&emoji).await, "err_code"), "PARAM_ERROR");
    let lower = signed(KEY, &sample());
    let sign = element(&lower, "sign").to_owned();
    let lower = lower.replace(&sign, &sign.to_lowercase());
    assert_eq!(element(&rig.post(PATH, lower).await, "err_code"), "SIGN_ERROR");
    assert_eq!(codes(&rig.send(&[]).await), ["SUCCESS"; 3]);
}

#[tokio::test]
async fn a_call_without_an_outcome_is_a_system_error_and_settled_all_the_same() {
    let rig = Rig::start().await;
    rig.faults.plan([Fault::Conflict; 5]);
    let reply = rig.send(&[]).await;
    assert_eq!(codes(&reply), ["SUCCESS", "FAIL", "SYSTEMERROR"]);
    assert_eq!(element(&reply, "mch_billno"), BILL_NO);
    rig.faults.plan([Fault::UnknownApplied]);
    assert_eq!(codes(&rig.send(&[]).await), ["SUCCESS"; 3]);
    assert_eq!(rig.funds().await, 4000);
    rig.assert_books(1).await;
}

#[tokio::test]
async fn a_thousand_calls_at_once_with_one_number_are_one_packet() {
    let rig = std::sync::Arc::new(Rig::start().await);
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..1000 {
        let rig = rig.clone();
        calls.spawn(async move { rig.send(&[]).await });
    }
    let replies = calls.join_all().await;
    assert_eq!(codes(&replies[0]), ["SUCCESS"; 3]);
    assert!(replies.iter().all(|reply| *reply == replies[0]));
    assert_eq!(rig.funds().await, 4000);
    rig.assert_books(1).await;
}

#[tokio::test]
async fn only_post_is_a_call() {
    let rig = Rig::start().await;
    let url = format!("http://{}{PATH}", rig.addresses.plain.unwrap());
    let reply = reqwest::get(url).await.unwrap().text().await.unwrap();
    assert_eq!(codes(&reply), ["SUCCESS", "FAIL", "REQUIRE_POST_METHOD"]);
    let body = signed(KEY, &with(&sample(), &[]));
    let url = format!("http://{}/mmpaymkttransfers/nothing", rig.addresses.plain.unwrap());
    let reply = reqwest::Client::new().post(url).body(body).send().await.unwrap();
    assert_eq!(reply.status(), 404);
}

#[tokio::test]
async fn nobody_pays_for_a_sub_merchant() {
    let rig = Rig::start().await;
    let reply = rig.send(&[("sub_mch_id", "10000090")]).await;
    assert_eq!(codes(&reply), ["SUCCESS", "FAIL", "ACCEPTMODE_ERROR"]);
    assert_eq!(codes(&rig.send(&[("sub_mch_id", "")]).await), ["SUCCESS"; 3], "an empty field is none");
    rig.assert_books(1).await;
}

/// The request of 2014, with every field of its table and the one that only its sample has.
#[tokio::test]
async fn the_fields_of_2014_are_taken_in_both_modes_and_checked() {
    let old = [
        ("nick_name", "天虹百货"),
        ("min_value", "1000"),
        ("max_value", "1000"),
        ("logo_imgurl", "https://wx.gtimg.com/mch/img/ico-logo.png"),
        ("share_content", "快来参加猜灯谜活动"),
        ("share_url", "http://www.qq.com"),
        ("share_imgurl", "https://wx.gtimg.com/mch/img/ico-logo.png"),
    ];
    let rig = Rig::start().await;
    // Empty, as in the sample: it counts in no signature.
    let sample = [&old[..], &[("act_id", ""), ("sub_mch_id", "")]].concat();
    assert_eq!(codes(&rig.send(&sample).await), ["SUCCESS"; 3]);
    rig.put_merchant(json!({ "keys": [{ "key": KEY }], "mode": "strict" })).await;
    let again = [&old[..], &[("mch_billno", "2014")]].concat();
    assert_eq!(codes(&rig.send(&again).await), ["SUCCESS"; 3]);
    for (name, value, text) in [
        ("min_value", "999", "参数错误:发放金额、最小金额、最大金额必须相等."),
        ("max_value", "1001", "参数错误:发放金额、最小金额、最大金额必须相等."),
        ("nick_name", "十七个字的提供方名称实在是太长了吧", "参数错误:nick_name字段必填，并且少于16字符."),
    ] {
        let reply = rig.send(&[&old[..], &[("mch_billno", "2015"), (name, value)]].concat()).await;
        assert_eq!(element(&reply, "err_code_des"), text, "{name}={value}");
    }
    rig.assert_books(2).await;
}

#[tokio::test]
async fn every_endpoint_of_the_table_has_a_door() {
    let rig = Rig::start().await;
    for endpoint in hongbao_wire::Endpoint::ALL {
        let words = match endpoint.family {
            Family::Packets => "输入xml参数格式错误",
            Family::Transfers => "XML格式错误",
        };
        assert_eq!(element(&rig.post(endpoint.path, "").await, "return_msg"), words, "{}", endpoint.name);
    }
}

#[tokio::test]
async fn limits_and_funds_hold_for_sends_that_come_at_once() {
    let rig = Arc::new(Rig::start().await);
    let unlimited = json!({ "packets_per_second": "unlimited", "packets_per_minute": "unlimited" });
    for (bound, day, left, code) in [("day", 1000, 4000, "SENDAMOUNT_LIMIT"), ("funds", 1_000_000, 0, "NOTENOUGH")] {
        let mut limits = unlimited.clone();
        limits["amount_per_day_fen"] = json!(day);
        rig.put_merchant(json!({ "limits": limits })).await;
        let mut calls = JoinSet::new();
        for number in 0..60 {
            let rig = rig.clone();
            calls.spawn(async move {
                let (bill_no, person) = (format!("{bound}{number}"), format!("oPerson{number:021}"));
                rig.send(&[("mch_billno", &bill_no), ("re_openid", &person), ("total_amount", "100")]).await
            });
        }
        let answers = calls.join_all().await;
        let accepted = answers.iter().filter(|answer| codes(answer) == ["SUCCESS"; 3]).count();
        let refused = answers.iter().filter(|answer| codes(answer)[2] == code).count();
        let expected = if bound == "day" { 10 } else { 40 };
        assert_eq!((accepted, refused, rig.funds().await), (expected, 60 - expected, left), "{answers:?}");
    }
}
