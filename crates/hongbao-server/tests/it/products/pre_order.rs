//! `hbpreorder`: what is set aside, for how long, and under which ticket?

use hongbao_wire::endpoint::HBPREORDER;
use serde_json::json;

use crate::rig::{APP, BILL_NO, DAY_MS, MERCHANT, NOON, Rig, codes, element, envelope, is_signed, number, text, xml};

#[tokio::test]
async fn a_pre_order_is_answered_with_its_ticket_and_a_signature_in_compatible_mode() {
    let rig = Rig::start().await;
    for (bill_no, hb_type, total_num) in [("normal", "NORMAL", "1"), ("group", "GROUP", "3")] {
        let changes = [("mch_billno", bill_no), ("hb_type", hb_type), ("total_num", total_num)];
        let reply = rig.call(&HBPREORDER, &changes).await;
        let (ticket, packet) = (element(&reply, "sp_ticket"), element(&reply, "detail_id"));
        let fields = [
            envelope("SUCCESS", "0", "发放成功."),
            text("mch_billno", bill_no),
            text("mch_id", MERCHANT),
            text("wxappid", APP),
            text("sp_ticket", ticket),
            number("total_amount", "1000"),
            text("detail_id", packet),
            text("send_time", "20141111120000"),
        ]
        .concat();
        assert_eq!(reply, xml([fields.clone(), text("sign", element(&reply, "sign"))]));
        assert!(is_signed(&reply));
        assert!(ticket.len() == 64 && ticket.bytes().all(|b| b.is_ascii_hexdigit()), "{ticket}");
        assert_eq!(rig.call(&HBPREORDER, &changes).await, reply, "the same ticket again");

        rig.put_merchant(json!({ "mode": "strict" })).await;
        assert_eq!(rig.call(&HBPREORDER, &changes).await, xml([fields]));
        rig.put_merchant(json!({})).await;

        let known = rig.query(bill_no).await;
        assert_eq!(
            ["detail_id", "status", "hb_type", "total_num", "total_amount", "send_time"]
                .map(|name| element(&known, name)),
            [packet, "SENT", hb_type, total_num, "1000", "2014-11-11 12:00:00"]
        );
    }
    assert_eq!(rig.funds().await, 3000);
    rig.assert_books(2).await;
}

#[tokio::test]
async fn a_pre_order_goes_back_after_72_hours_however_long_the_merchants_packets_live() {
    let rig = Rig::start().await;
    rig.put_merchant(json!({ "limits": { "expires_after_hours": 1 } })).await;
    let changes = [("hb_type", "GROUP"), ("total_num", "3")];
    let sent = rig.call(&HBPREORDER, &changes).await;
    rig.clock.set(NOON.plus_millis(3 * DAY_MS - 1));
    assert_eq!((element(&rig.query(BILL_NO).await, "status"), rig.expire().await), ("SENT", (0, 0)));
    rig.clock.advance(1);
    assert_eq!(element(&rig.query(BILL_NO).await, "status"), "RFUND_ING");
    assert_eq!((rig.funds().await, rig.expire().await), (4000, (1, 0)));
    let reply = rig.query(BILL_NO).await;
    assert_eq!(
        ["status", "refund_time", "refund_amount"].map(|name| element(&reply, name)),
        ["REFUND", "2014-11-14 12:00:00", "1000"]
    );
    assert_eq!(rig.call(&HBPREORDER, &changes).await, sent, "the number's answer stays");
    assert_eq!(rig.funds().await, 5000);
    rig.assert_books(1).await;
}

#[tokio::test]
async fn a_pre_order_that_landed_is_completed_or_fails() {
    let rig = Rig::start().await;
    let of = |number| [("mch_billno", number), ("total_amount", "5001")];
    for number in ["completed", "left"] {
        let reply = rig.call(&HBPREORDER, &of(number)).await;
        let expected = [
            envelope("FAIL", "NOTENOUGH", "帐号余额不足，请到商户平台充值后再重试"),
            text("mch_billno", number),
            text("mch_id", MERCHANT),
            text("wxappid", APP),
            crate::rig::number("total_amount", "5001"),
            text("sign", element(&reply, "sign")),
        ];
        assert_eq!(reply, xml(expected));
        assert!(is_signed(&reply));
        let reply = rig.query(number).await;
        assert_eq!(
            (element(&reply, "status"), element(&reply, "reason")),
            ("SENDING", "帐号余额不足，请到商户平台充值后再重试")
        );
    }
    rig.top_up("T2", 1).await;
    assert_eq!(codes(&rig.call(&HBPREORDER, &of("completed")).await), ["SUCCESS", "SUCCESS", "0"]);
    rig.clock.advance(DAY_MS);
    assert_eq!(rig.expire().await, (0, 1));
    assert_eq!(element(&rig.query("left").await, "status"), "FAILED");
    assert_eq!(element(&rig.query("completed").await, "status"), "SENT");
    assert_eq!(rig.funds().await, 0);
    rig.assert_books(2).await;
}

#[tokio::test]
async fn a_changed_pre_order_is_refused() {
    let rig = Rig::start().await;
    let group = [("hb_type", "GROUP"), ("total_num", "3")];
    assert_eq!(codes(&rig.call(&HBPREORDER, &group).await), ["SUCCESS", "SUCCESS", "0"]);
    for (changes, words) in [
        ([("hb_type", "GROUP"), ("total_num", "4")], "重复请求时，参数与原单不一致"),
        ([("hb_type", "NORMAL"), ("total_num", "3")], "重复请求时，参数与原单不一致"),
    ] {
        let reply = rig.call(&HBPREORDER, &changes).await;
        assert_eq!((codes(&reply)[2], element(&reply, "err_code_des")), ("FATAL_ERROR", words));
    }
    let reply = rig.call(&HBPREORDER, &[group[0], group[1], ("total_amount", "999")]).await;
    assert_eq!(element(&reply, "err_code_des"), "更换了金额，但商户单号未更新");
    assert_eq!(rig.funds().await, 4000);
    rig.assert_books(1).await;
}

#[tokio::test]
async fn strict_mode_takes_the_constants_of_the_page_and_one_share_of_a_normal_one() {
    let rig = Rig::start().await;
    let loose = [
        ("total_num", "3", "参数错误:total_num字段不正确."),
        ("auth_mchid", "10000098", "参数错误:auth_mchid字段不正确."),
        ("auth_appid", "wx7777777", "参数错误:auth_appid字段不正确."),
    ];
    for (field, value, _) in loose {
        assert_eq!(codes(&rig.call(&HBPREORDER, &[(field, value)]).await), ["SUCCESS", "SUCCESS", "0"], "{field}");
    }
    rig.put_merchant(json!({ "mode": "strict" })).await;
    for (field, value, words) in loose {
        let reply = rig.call(&HBPREORDER, &[(field, value)]).await;
        assert_eq!(codes(&reply), ["SUCCESS", "FAIL", "PARAM_ERROR"], "{field}");
        assert_eq!((element(&reply, "return_msg"), element(&reply, "err_code_des")), (words, words));
        assert_eq!(reply.contains("<total_num>3</total_num>"), field == "total_num", "{reply}");
        assert!(!is_signed(&reply));
    }
    let television = [("mch_billno", "television"), ("auth_mchid", "1000048201"), ("auth_appid", "wxbe43ea14debca355")];
    assert_eq!(codes(&rig.call(&HBPREORDER, &television).await), ["SUCCESS", "SUCCESS", "0"]);
    rig.assert_books(2).await;
}
