//! What is known of a packet: `gethbinfo`, read from replies as the live service writes them.

use hongbao::Certainty::{MayHaveMoved, NothingMoved};
use hongbao::NextStep::{Query, SameBillNo};
use hongbao::{Error, ErrorCode, Fen, HbStatus, NextStep, RedPackInfo, Share};

use crate::fixtures::{
    BILL_NO, OPENID, PACKET, altered, assert_error_keeps_secrets, assert_keeps_secrets, client, packet, without,
};
use crate::mock::{Mock, Plan};

const RECEIVED: &str = "\
<xml>
<return_code><![CDATA[SUCCESS]]></return_code>
<return_msg><![CDATA[OK]]></return_msg>
<result_code><![CDATA[SUCCESS]]></result_code>
<err_code><![CDATA[SUCCESS]]></err_code>
<err_code_des><![CDATA[OK]]></err_code_des>
<mch_billno><![CDATA[10000098201411111234567890]]></mch_billno>
<mch_id><![CDATA[10000098]]></mch_id>
<detail_id><![CDATA[1000041701202208213033416589419]]></detail_id>
<status><![CDATA[RECEIVED]]></status>
<send_type><![CDATA[API]]></send_type>
<hb_type><![CDATA[GROUP]]></hb_type>
<total_num>3</total_num>
<total_amount>300</total_amount>
<send_time><![CDATA[2017-04-21 11:01:27]]></send_time>
<hblist>
<hbinfo>
<openid><![CDATA[oxTWIuGaIt6gTKsQRLau2M0yL16E]]></openid>
<amount>1</amount>
<rcv_time><![CDATA[2017-04-21 11:06:29]]></rcv_time>
</hbinfo>
<hbinfo>
<openid><![CDATA[oxTWIuGaIt6gTKsQRLau2M0yL16F]]></openid>
<amount>102</amount>
<rcv_time><![CDATA[2017-04-21 11:03:24]]></rcv_time>
</hbinfo>
<hbinfo>
<openid><![CDATA[oxTWIuGaIt6gTKsQRLau2M0yL16G]]></openid>
<amount>197</amount>
<rcv_time><![CDATA[2017-04-21 11:01:43]]></rcv_time>
</hbinfo>
</hblist>
</xml>";

/// The reply with this many of its shares, and no list when there are none.
fn with_shares(count: usize) -> String {
    let (head, list) = RECEIVED.split_once("<hblist>\n").unwrap();
    let shares: String = list.split_inclusive("</hbinfo>\n").take(count).collect();
    if count == 0 { format!("{head}</xml>") } else { format!("{head}<hblist>\n{shares}</hblist>\n</xml>") }
}

fn with_status(word: &str) -> String {
    altered(&with_shares(0), "[RECEIVED]", &format!("[{word}]"))
}

async fn query(reply: &str) -> Result<RedPackInfo, Error> {
    let mock = Mock::start([Plan::Reply(reply.to_owned())]).await;
    let packet = packet();
    client(mock.url()).gethbinfo(&packet.bill_no, &packet.app).await
}

async fn check_error(reply: &str, certainty: hongbao::Certainty, next: NextStep, display: &str) -> Error {
    let error = query(reply).await.expect_err(reply);
    assert_eq!((error.certainty(), error.next_step()), (certainty, next), "{reply}");
    assert_eq!(error.to_string(), display, "{reply}");
    assert_error_keeps_secrets(&error);
    error
}

fn share(openid: &str, amount: u32, time: &str) -> Share {
    Share { openid: openid.parse().unwrap(), amount: Fen::new(amount), time: time.to_owned() }
}

#[tokio::test]
async fn a_packet_in_three_shares_is_told_with_each_of_them() {
    let info = query(RECEIVED).await.unwrap();
    let expected = RedPackInfo {
        kind: "GROUP".to_owned(),
        bill_no: BILL_NO.parse().unwrap(),
        packet: PACKET.parse().unwrap(),
        status: HbStatus::Received,
        send_type: Some("API".to_owned()),
        reason: None,
        share_count: 3,
        total: Fen::new(300),
        send_time: "2017-04-21 11:01:27".to_owned(),
        refund_time: None,
        refund_amount: None,
        shares: vec![
            share(OPENID, 1, "2017-04-21 11:06:29"),
            share("oxTWIuGaIt6gTKsQRLau2M0yL16F", 102, "2017-04-21 11:03:24"),
            share("oxTWIuGaIt6gTKsQRLau2M0yL16G", 197, "2017-04-21 11:01:43"),
        ],
    };
    assert_eq!(info, expected);
    assert_keeps_secrets(&format!("{info:?} {info:#?}"));
}

#[tokio::test]
async fn shares_are_as_many_as_the_list_has() {
    for count in 0..=3 {
        let info = query(&with_shares(count)).await.unwrap();
        assert_eq!(info.shares.len(), count);
        assert_eq!(info.shares.first(), (count > 0).then(|| share(OPENID, 1, "2017-04-21 11:06:29")).as_ref());
    }
    let empty_list = altered(&with_shares(0), "</xml>", "<hblist></hblist></xml>");
    assert_eq!(query(&empty_list).await.unwrap().shares, []);
}

/// The sample of 2015 has a `status` in each share, and an `appid` beside them.
#[tokio::test]
async fn fields_that_came_and_went_do_no_harm() {
    let reply = altered(&with_shares(1), "</hbinfo>", "<status><![CDATA[RECEIVED]]></status>\n</hbinfo>");
    let reply = altered(&reply, "<hblist>", "<appid>wx8888888888888888</appid><wishing></wishing><hblist>");
    assert_eq!(query(&reply).await.unwrap().shares, [share(OPENID, 1, "2017-04-21 11:06:29")]);
}

#[tokio::test]
async fn every_status_is_told_an_unknown_one_too() {
    for (word, status) in [
        ("SENDING", HbStatus::Sending),
        ("SENT", HbStatus::Sent),
        ("FAILED", HbStatus::Failed),
        ("RECEIVED", HbStatus::Received),
        ("RFUND_ING", HbStatus::RefundRunning),
        ("REFUND", HbStatus::Refunded),
        ("BRAND_NEW", HbStatus::Other("BRAND_NEW".into())),
        ("refund", HbStatus::Other("refund".into())),
    ] {
        assert_eq!(query(&with_status(word)).await.unwrap().status, status);
    }
}

#[tokio::test]
async fn what_is_optional_is_told_when_it_is_there() {
    let refund = "<refund_time><![CDATA[2019-12-13 16:51:38]]></refund_time><refund_amount>100</refund_amount></xml>";
    let info = query(&altered(&with_status("REFUND"), "</xml>", refund)).await.unwrap();
    assert_eq!(info.refund_time.as_deref(), Some("2019-12-13 16:51:38"));
    assert_eq!(info.refund_amount, Some(Fen::new(100)));
    assert_eq!(info.reason, None);

    let info = query(&altered(&with_status("SENDING"), "</xml>", "<reason>余额不足</reason></xml>")).await.unwrap();
    assert_eq!(info.reason.as_deref(), Some("余额不足"));
    assert_eq!((info.refund_time, info.refund_amount), (None, None));

    let empty = "<reason></reason><refund_time></refund_time><refund_amount></refund_amount></xml>";
    let info = query(&altered(&with_status("SENT"), "</xml>", empty)).await.unwrap();
    assert_eq!((info.reason, info.refund_time, info.refund_amount), (None, None, None));
}

#[tokio::test]
async fn what_is_required_must_be_there_and_make_sense() {
    let mismatch = |name: &str| format!("the answer does not match the request: {name}");
    for name in ["mch_billno", "mch_id", "detail_id", "status", "total_num", "total_amount", "send_time"] {
        check_error(&without(RECEIVED, name), MayHaveMoved, Query, &mismatch(name)).await;
    }
    for (name, part, by) in [
        ("mch_billno", BILL_NO, "10000098201411111234567891"),
        ("mch_id", "[10000098]", "[10000099]"),
        ("detail_id", PACKET, "listid-1"),
        ("status", "[RECEIVED]", "[]"),
        ("total_num", ">3<", ">-3<"),
        ("total_amount", ">300<", ">3.00<"),
        ("refund_amount", "<hblist>", "<refund_amount>1e2</refund_amount><hblist>"),
        ("hblist", ">102<", ">1,02<"),
        ("hblist", "<amount>197</amount>", ""),
        ("hblist", "oxTWIuGaIt6gTKsQRLau2M0yL16F", ""),
        ("hblist", "2017-04-21 11:01:43", ""),
    ] {
        check_error(&altered(RECEIVED, part, by), MayHaveMoved, Query, &mismatch(name)).await;
    }
}

#[tokio::test]
async fn a_number_that_is_not_found_proves_nothing() {
    let reply = format!(
        "<xml>
<return_code><![CDATA[SUCCESS]]></return_code>
<return_msg><![CDATA[指定单号数据不存在]]></return_msg>
<result_code><![CDATA[FAIL]]></result_code>
<err_code><![CDATA[NOT_FOUND]]></err_code>
<err_code_des><![CDATA[指定单号数据不存在]]></err_code_des>
<mch_billno><![CDATA[{BILL_NO}]]></mch_billno>
<mch_id><![CDATA[10000098]]></mch_id>
</xml>"
    );
    let error = check_error(&reply, MayHaveMoved, SameBillNo, "NOT_FOUND: 指定单号数据不存在").await;
    assert_eq!(error.code(), Some(&ErrorCode::NotFound));

    let sign_error = reply.replace("NOT_FOUND", "SIGN_ERROR");
    check_error(&sign_error, NothingMoved, NextStep::FixRequest, "SIGN_ERROR: 指定单号数据不存在").await;
}
