//! `wx.sendBizRedPacket`: who opens a mini program's packet, with what the merchant signed, and only once.

use hongbao_store::faulty::Fault;
use hongbao_types::ApiKey;
use hongbao_wire::endpoint::{SENDMINIPROGRAMHB, SENDREDPACK};
use hongbao_wire::sign::{pay_sign, pay_sign_fields};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::rig::{APP, BILL_NO, DAY_MS, KEY, OPENID, OTHER_OPENID, Rig, element};

const NONCE: &str = "e61463f8efa94090b1f366cccfbbb444";
const TIME: &str = "1414561699";

/// The package of a packet that was sent, raw.
pub(crate) async fn package(rig: &Rig, changes: &[(&str, &str)]) -> String {
    element(&rig.call(&SENDMINIPROGRAMHB, changes).await, "package").to_owned()
}

/// The arguments that a merchant makes of a package.
pub(crate) fn arguments(package: &str) -> Value {
    let key: ApiKey = KEY.parse().unwrap();
    let [_, _, (_, encoded), _] = pay_sign_fields(APP, NONCE, package, TIME);
    json!({
        "timeStamp": TIME,
        "nonceStr": NONCE,
        "package": encoded,
        "signType": "MD5",
        "paySign": pay_sign(APP, NONCE, package, TIME, &key),
        "scene": 1011,
    })
}

fn with(arguments: &Value, changes: &Value) -> Value {
    let mut arguments = arguments.clone();
    for (name, value) in changes.as_object().unwrap() {
        arguments[name] = value.clone();
    }
    arguments
}

/// What the page is told.
pub(crate) async fn open(rig: &Rig, openid: &str, arguments: &Value) -> (u64, String) {
    let (status, answer) = open_with(rig, &rig.identity(openid), arguments).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    let (code, words) = (answer["retcode"].as_u64().unwrap(), answer["retmsg"].as_str().unwrap().to_owned());
    let message = if code == 0 { "ok".to_owned() } else { format!("fail {words}") };
    assert_eq!(answer["errMsg"], format!("sendBizRedPacket:{message}"));
    (code, words)
}

async fn open_with(rig: &Rig, assertion: &str, arguments: &Value) -> (StatusCode, Value) {
    let url = format!("http://{}/jsapi/sendBizRedPacket", rig.addresses.plain.unwrap());
    let reply = rig.http.post(url).bearer_auth(assertion).json(arguments).send().await.unwrap();
    (reply.status(), reply.json().await.unwrap())
}

#[tokio::test]
async fn a_packet_whose_commit_is_lost_is_told_as_opened() {
    let rig = Rig::start().await;
    for (bill_no, fault) in [("B1", Fault::UnknownApplied), ("B2", Fault::UnknownNotApplied)] {
        let arguments = arguments(&package(&rig, &[("mch_billno", bill_no)]).await);
        rig.faults.plan([fault]);
        assert_eq!(open(&rig, OPENID, &arguments).await, (0, "ok".to_owned()), "{fault:?}");
        assert_eq!(open(&rig, OPENID, &arguments).await, refused(3, "已经绑定过红包"));
    }
    rig.put(&format!("/admin/apps/{APP}/openids/{OPENID}"), &json!({ "blocked": true })).await;
    // Sending to them would be refused as well.
    let arguments = arguments(&package(&rig, &[("mch_billno", "B3"), ("re_openid", OTHER_OPENID)]).await);
    rig.put(&format!("/admin/apps/{APP}/openids/{OTHER_OPENID}"), &json!({ "blocked": true })).await;
    assert_eq!(open(&rig, OTHER_OPENID, &arguments).await, refused(10, "用户被限制"));
    rig.assert_books(3).await;
}

fn refused(code: u64, words: &str) -> (u64, String) {
    (code, words.to_owned())
}

#[tokio::test]
async fn the_right_person_opens_it_once_and_nobody_else_does() {
    let rig = Rig::start().await;
    let arguments = arguments(&package(&rig, &[]).await);
    assert_eq!(open(&rig, OTHER_OPENID, &arguments).await, refused(6, "这个红包是给别人的"));
    assert_eq!(open(&rig, OPENID, &arguments).await, refused(0, "ok"));
    assert_eq!(open(&rig, OPENID, &arguments).await, refused(3, "已经绑定过红包"));
    assert_eq!(open(&rig, OTHER_OPENID, &arguments).await, refused(6, "这个红包是给别人的"));
    assert_eq!((rig.wallet(OPENID).await, rig.wallet(OTHER_OPENID).await), (1000, 0));
    let reply = rig.query(BILL_NO).await;
    assert_eq!((element(&reply, "status"), element(&reply, "openid")), ("RECEIVED", OPENID));
    rig.assert_books(1).await;
}

#[tokio::test]
async fn only_what_the_merchant_signed_opens_it() {
    let rig = Rig::start().await;
    let raw = package(&rig, &[]).await;
    let right = arguments(&raw);
    let key: ApiKey = KEY.parse().unwrap();
    let of_raw = {
        let fields = [("appId", APP), ("nonceStr", NONCE), ("package", &*raw), ("timeStamp", TIME)];
        hongbao_wire::sign::sign(hongbao_wire::SignType::Md5, fields, &key).to_ascii_lowercase()
    };
    let encoded = right["package"].as_str().unwrap().to_owned();
    let with_type = {
        let fields =
            [("appId", APP), ("nonceStr", NONCE), ("package", &*encoded), ("signType", "MD5"), ("timeStamp", TIME)];
        hongbao_wire::sign::sign(hongbao_wire::SignType::Md5, fields, &key).to_ascii_lowercase()
    };
    for wrong in [
        json!({ "paySign": of_raw }),
        json!({ "paySign": with_type }),
        json!({ "paySign": "" }),
        json!({ "paySign": "0".repeat(32) }),
        json!({ "nonceStr": "another" }),
        json!({ "timeStamp": "1414561700" }),
        json!({ "paySign": pay_sign("wx2421b1c4370ec43b", NONCE, &raw, TIME, &key) }),
        json!({ "paySign": pay_sign(APP, NONCE, &raw, TIME, &"0".repeat(32).parse().unwrap()) }),
    ] {
        assert_eq!(open(&rig, OPENID, &with(&right, &wrong)).await, refused(2, "签名失败"), "{wrong}");
    }
    for wrong in [
        json!({ "package": raw }),
        json!({ "package": "" }),
        json!({ "package": "%FF" }),
        json!({ "signType": "HMAC-SHA256" }),
        json!({ "signType": "" }),
        json!({ "timeStamp": "" }),
        json!({ "timeStamp": 1_414_561_699 }),
        json!({ "timeStamp": "x" }),
        json!({ "nonceStr": "n".repeat(33) }),
        json!({ "unknown": "1" }),
        json!({ "scene": "1011" }),
    ] {
        assert_eq!(open(&rig, OPENID, &with(&right, &wrong)).await, refused(1, "参数格式校验错误"), "{wrong}");
    }
    for scene in [1001, 0, 1035] {
        let elsewhere = with(&right, &json!({ "scene": scene }));
        assert_eq!(open(&rig, OPENID, &elsewhere).await, refused(5, "请扫码打开小程序"), "{scene}");
    }
    assert_eq!(rig.wallet(OPENID).await, 0);
    rig.assert_books(1).await;
    let upper = right["paySign"].as_str().unwrap().to_ascii_uppercase();
    assert_eq!(open(&rig, OPENID, &with(&right, &json!({ "paySign": upper, "scene": 1124 }))).await.0, 0);
}

#[tokio::test]
async fn a_package_with_one_bit_flipped_or_of_another_packet_opens_nothing() {
    let rig = Rig::start().await;
    let raw = package(&rig, &[]).await;
    for at in (0..raw.len()).step_by(7) {
        let mut flipped = raw.clone().into_bytes();
        flipped[at] ^= 1;
        // Signed by the merchant all the same.
        let flipped = arguments(&String::from_utf8(flipped).unwrap());
        assert_eq!(open(&rig, OPENID, &flipped).await, refused(1, "参数格式校验错误"), "{at}");
    }
    for changed in [format!("{raw}&a=1"), raw.replace("spid=10000098", "spid=10000099"), raw[..64].to_owned()] {
        assert_eq!(open(&rig, OPENID, &arguments(&changed)).await, refused(1, "参数格式校验错误"), "{changed}");
    }
    // The number of an ordinary packet, in the clothes of a mini program's.
    let ordinary = element(&rig.call(&SENDREDPACK, &[("mch_billno", "B2")]).await, "send_listid").to_owned();
    assert_eq!(rig.claim_with(&ordinary, &rig.assertion(&ordinary, &json!({}))).await.0, StatusCode::OK);
    assert_eq!(rig.wallet(OPENID).await, 1000);
    rig.assert_books(2).await;
}

#[tokio::test]
async fn a_page_that_comes_too_late_or_without_its_person_gets_nothing() {
    let rig = Rig::start().await;
    let arguments = arguments(&package(&rig, &[]).await);
    let packet = element(&rig.query(BILL_NO).await, "detail_id").to_owned();
    // Asserted for a packet: not good for a page.
    let (status, problem) = open_with(&rig, &rig.assertion(&packet, &json!({})), &arguments).await;
    assert_eq!((status.as_u16(), &problem["code"]), (401, &json!("assertion_elsewhere")));
    let (status, problem) = rig.claim(&packet, OPENID).await;
    assert_eq!((status.as_u16(), &problem["code"]), (409, &json!("not_this_way")));
    rig.clock.advance(DAY_MS);
    assert_eq!(open(&rig, OPENID, &arguments).await, refused(4, "已经过期"));
    assert_eq!(rig.expire().await, (1, 0));
    assert_eq!(open(&rig, OPENID, &arguments).await, refused(4, "已经过期"));
    assert_eq!(rig.funds().await, 5000);
    rig.assert_books(1).await;
}

#[tokio::test]
async fn a_packet_that_only_landed_is_not_opened() {
    let rig = Rig::start().await;
    let reply = rig.call(&SENDMINIPROGRAMHB, &[("total_amount", "6000")]).await;
    assert_eq!(element(&reply, "err_code"), "NOTENOUGH");
    rig.top_up("T2", 2000).await;
    let arguments = arguments(&package(&rig, &[("total_amount", "6000")]).await);
    assert_eq!(open(&rig, OPENID, &arguments).await, refused(0, "ok"));
    assert_eq!(rig.wallet(OPENID).await, 6000);
    rig.assert_books(1).await;
}
