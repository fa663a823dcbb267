//! Is every endpoint that sends judged alike? The same cause, the same code, in the endpoint's own envelope.

use hongbao_wire::Endpoint;
use hongbao_wire::endpoint::{
    HBPREORDER, SENDGROUPREDPACK, SENDMINIPROGRAMHB, SENDREDPACK, SENDWORKWXREDPACK, TRANSFERS,
};
use serde_json::{Value, json};

use crate::rig::{APP, CORPORATION, OPENID, Rig, codes, element};

const SENDS: [&Endpoint; 6] =
    [&SENDREDPACK, &SENDGROUPREDPACK, &SENDMINIPROGRAMHB, &HBPREORDER, &SENDWORKWXREDPACK, &TRANSFERS];

fn app_of(endpoint: &Endpoint) -> &'static str {
    if *endpoint == SENDWORKWXREDPACK { CORPORATION } else { APP }
}

/// A refusal of a transfer says in `return_msg` only that it is one, unless a field is wrong.
async fn assert_refused(rig: &Rig, endpoint: &Endpoint, code: &str, words: &str) {
    let reply = rig.call(endpoint, &[]).await;
    assert_eq!(codes(&reply), ["SUCCESS", "FAIL", code], "{}", endpoint.name);
    let message = if *endpoint == TRANSFERS && code != "PARAM_ERROR" { "支付失败" } else { words };
    assert_eq!((element(&reply, "return_msg"), element(&reply, "err_code_des")), (message, words));
    assert_eq!(rig.funds().await, 5000);
}

async fn assert_sends(rig: &Rig, endpoint: &Endpoint) {
    assert_eq!(element(&rig.call(endpoint, &[]).await, "result_code"), "SUCCESS", "{}", endpoint.name);
    assert_eq!(rig.funds().await, 4000);
    rig.assert_books(1).await;
}

async fn rig() -> Rig {
    let rig = Rig::start().await;
    rig.put_corporation().await;
    rig
}

#[tokio::test]
async fn what_is_wrong_with_the_merchant_is_said_alike_by_all_and_stores_nothing() {
    let not_open =
        "你的商户号未开通该产品权限，请联系管理员到产品中心开通。开通路径：产品中心-产品大全-现金红包-申请开通";
    for endpoint in SENDS {
        let rig = rig().await;
        for (settings, code, words) in [
            (json!({ "products": [] }), "PRODUCT_AUTHORITY_UNOPEN", not_open),
            (json!({ "entered_at": "2014-11-11T12:00:00+08:00" }), "PRODUCT_AUTHORITY_UNOPEN", not_open),
            (json!({ "closed": true }), "API_METHOD_CLOSED", "你的商户号API发放方式已关闭，请联系管理员在商户平台开启"),
            (json!({ "allowed_addresses": ["::1"] }), "NO_AUTH", "IP地址非你在商户平台设置的可用IP地址"),
            (json!({ "limits": { "packets_per_second": 0 } }), "FREQ_LIMIT", "超过频率限制,请稍后再试"),
            (json!({ "limits": { "packets_per_minute": 0 } }), "FREQ_LIMIT", "超过频率限制,请稍后再试"),
        ] {
            // A corporation's product has words of its own.
            let is_workwx_closed = *endpoint == SENDWORKWXREDPACK && settings == json!({ "products": [] });
            let (code, words) = if is_workwx_closed { ("NO_COMPETENCE", "商户号错误") } else { (code, words) };
            rig.put_merchant(settings).await;
            assert_refused(&rig, endpoint, code, words).await;
            rig.assert_books(0).await;
        }
        rig.put_merchant(json!({})).await;
        assert_sends(&rig, endpoint).await;
    }
}

#[tokio::test]
async fn what_is_wrong_with_the_app_is_said_alike_by_all_and_stores_nothing() {
    for endpoint in SENDS {
        let rig = rig().await;
        let is_workwx = *endpoint == SENDWORKWXREDPACK;
        let mut causes: Vec<(Value, &str, &str)> = vec![
            (json!({ "kind": "mobile_app" }), "ILLEGAL_APPID", "非法appid,请使用公众号的appid"),
            if is_workwx {
                (json!({ "merchants": [] }), "WORKWX_MCHID_ERROR", "商户号与企业不匹配")
            } else {
                (json!({ "merchants": [] }), "PARAM_ERROR", "参数错误:商户号和wxappid不匹配.")
            },
        ];
        // A pre-order is for nobody yet.
        if *endpoint != HBPREORDER {
            causes.push((json!({ "registered_only": true }), "OPENID_ERROR", "openid和appid不匹配"));
        }
        for (changes, code, words) in causes {
            rig.put_app(app_of(endpoint), changes).await;
            assert_refused(&rig, endpoint, code, words).await;
            rig.assert_books(0).await;
        }
        rig.put_app(app_of(endpoint), json!({})).await;
        assert_sends(&rig, endpoint).await;
    }
}

#[tokio::test]
async fn what_declines_a_packet_is_said_alike_by_all_and_the_same_call_completes_it() {
    for endpoint in SENDS {
        for (settings, is_blocked, code, words) in [
            (json!({ "frozen": true }), false, "PAYER_ACCOUNT_ABNORMAL", "商户号状态异常"),
            (json!({}), true, "NO_AUTH", "发放失败，此请求可能存在风险，已被微信拦截"),
            (
                json!({ "limits": { "recipient_packets_per_day": 0 } }),
                false,
                "SENDNUM_LIMIT",
                "该用户今日操作次数超过限制,如有需要请登录微信支付商户平台更改API安全配置",
            ),
            (
                json!({ "limits": { "recipient_amount_per_day_fen": 999 } }),
                false,
                "RCVDAMOUNT_LIMIT",
                "该用户今日领取金额超过限制，如有需要请登录微信支付商户平台更改API安全配置",
            ),
            (json!({ "limits": { "packets_per_day": 0 } }), false, "DAY_OVER_LIMITED", "企业红包的按天发放受限"),
            (
                json!({ "limits": { "amount_per_day_fen": 999 } }),
                false,
                "SENDAMOUNT_LIMIT",
                "您的商户号今日发放金额超过限制，如有需要请登录微信支付商户平台更改API安全配置",
            ),
        ] {
            // A pre-order is for nobody yet.
            let is_about_person = is_blocked || code == "SENDNUM_LIMIT" || code == "RCVDAMOUNT_LIMIT";
            let rig = rig().await;
            let person = format!("/admin/apps/{}/openids/{OPENID}", app_of(endpoint));
            rig.put_merchant(settings).await;
            rig.put(&person, &json!({ "blocked": is_blocked })).await;
            if *endpoint == HBPREORDER && is_about_person {
                assert_sends(&rig, endpoint).await;
                continue;
            }
            assert_refused(&rig, endpoint, code, words).await;
            rig.assert_books(1).await;
            rig.put_merchant(json!({})).await;
            rig.put(&person, &json!({ "blocked": false })).await;
            assert_sends(&rig, endpoint).await;
        }
    }
}
