//! Who is calling, and in what form?

use hongbao_engine::directory::Validity;
use hongbao_wire::Endpoint;
use hongbao_wire::endpoint::{SENDREDPACK, SENDWORKWXREDPACK, TRANSFERS};
use serde_json::json;

use super::{Call, Code, books};
use crate::rig::{KEY, Rig, codes, element, fields_of, is_signed, merchant_with, names, sample, signed};

pub(super) async fn a_certificate_must_be_registered(code: &Code) {
    let rig = Rig::start().await;
    let identity = rig.authority.client((2014, 2015));
    let text = "CA证书出错,请登录微信支付商户平台下载证书";
    for presented in [None, Some(&identity)] {
        code.is_in(&rig.send_over_tls(presented).await, text);
        assert_eq!(books(&rig).await, (5000, 0));
    }
    rig.put_merchant(merchant_with(&[(&identity, Validity::ALWAYS)])).await;
    assert_eq!(element(&Call::ordinary(&rig, &[]).query().await, "err_code"), "NOT_FOUND");
    assert_eq!(codes(&rig.send_over_tls(Some(&identity)).await), ["SUCCESS"; 3]);
    assert_eq!(books(&rig).await, (4000, 1));
    // Its time is over with the year, though it is registered still; what was sent stays sent.
    rig.clock.set(hongbao_types::Timestamp::from_millis(1_420_070_401_000));
    code.is_in(&rig.send_over_tls(Some(&identity)).await, "证书已过期");
    let renewed = rig.authority.client((2015, 2016));
    rig.put_merchant(merchant_with(&[(&identity, Validity::ALWAYS), (&renewed, Validity::ALWAYS)])).await;
    assert_eq!(codes(&rig.send_over_tls(Some(&renewed)).await), ["SUCCESS"; 3], "the first answer again");
    assert_eq!(books(&rig).await, (4000, 1));
}

pub(super) async fn every_endpoint_asks_for_a_certificate(code: &Code) {
    let rig = Rig::start().await;
    let client = rig.tls_client(None);
    for endpoint in Endpoint::ALL {
        let url = format!("https://{}{}", rig.addresses.tls.unwrap(), endpoint.path);
        let body = signed(KEY, &fields_of(endpoint, &[]));
        let reply = client.post(url).body(body).send().await.unwrap().text().await.unwrap();
        if *endpoint == &TRANSFERS {
            assert_eq!(codes(&reply), ["SUCCESS", "FAIL", "CA_ERROR"]);
            assert_eq!(element(&reply, "return_msg"), "支付失败");
            assert_eq!(element(&reply, "err_code_des"), "CA证书出错,请登录微信支付商户平台下载证书");
        } else {
            code.is_in(&reply, "CA证书出错,请登录微信支付商户平台下载证书");
        }
        assert!(!is_signed(&reply), "{}: nobody is known yet", endpoint.name);
    }
    assert_eq!(books(&rig).await, (5000, 0));
}

pub(super) async fn a_signature_is_made_with_the_merchants_key(code: &Code) {
    let rig = Rig::start().await;
    let wrong = rig.send_with("0123456789abcdef0123456789abcdef", &[]).await;
    code.is_in(&wrong, "签名错误");
    let none = rig.post(SENDREDPACK.path, hongbao_wire::encode(&hongbao_wire::Params::from_pairs(sample()).unwrap()));
    code.is_in(&none.await, "签名错误");
    assert_eq!(books(&rig).await, (5000, 0));
    Call::ordinary(&rig, &[]).goes_through().await;
}

pub(super) async fn a_wrong_inner_signature_is_named(code: &Code) {
    let rig = Rig::start().await;
    rig.put_corporation().await;
    let changes = [("workwx_sign", "8B8D04AFC9FD08094CC5A0C2FA8BB60C")];
    let wrong = Call { rig: &rig, endpoint: &SENDWORKWXREDPACK, changes: &changes };
    wrong.is_refused(code, "签名错误；企业微信签名失败").await;
    // The ordinary one is judged first.
    let reply =
        rig.post(SENDWORKWXREDPACK.path, signed(&"0".repeat(32), &fields_of(&SENDWORKWXREDPACK, &changes))).await;
    code.is_in(&reply, "签名错误");
    Call { rig: &rig, endpoint: &SENDWORKWXREDPACK, changes: &[] }.goes_through().await;
}

pub(super) async fn an_inner_signature_must_be_there(code: &Code) {
    let rig = Rig::start().await;
    rig.put_corporation().await;
    let changes = [("workwx_sign", "")];
    Call { rig: &rig, endpoint: &SENDWORKWXREDPACK, changes: &changes }
        .is_refused(code, "签名错误；企业微信签名失败")
        .await;
    Call { rig: &rig, endpoint: &SENDWORKWXREDPACK, changes: &[] }.goes_through().await;
}

pub(super) async fn an_unknown_merchant_is_nobody(code: &Code) {
    let rig = Rig::start().await;
    let changes = [("mch_id", "10000097")];
    let call = Call::ordinary(&rig, &changes);
    call.is_refused(code, "参数错误:找不到对应的商户号.").await;
    rig.put_merchant_as("10000097", json!({ "keys": [{ "key": KEY }] })).await;
    call.is_refused(code, "参数错误:商户号和wxappid不匹配.").await;
}

pub(super) async fn a_body_that_is_no_xml_is_told_so(code: &Code) {
    let rig = Rig::start().await;
    for endpoint in Endpoint::ALL {
        for body in ["", "mch_id=10000098", "<xml>"] {
            let reply = rig.post(endpoint.path, body).await;
            if endpoint.family == hongbao_wire::Family::Transfers {
                assert_eq!(
                    reply,
                    "<xml>\n\
                     <return_code><![CDATA[FAIL]]></return_code>\n\
                     <return_msg><![CDATA[XML格式错误]]></return_msg>\n\
                     </xml>"
                );
            } else {
                code.is_in_2014(&reply, "输入xml参数格式错误");
                let rest =
                    ["return_code", "return_msg", "result_code", "err_code", "err_code_des", "mch_id", "total_amount"];
                assert_eq!(names(&reply), rest, "{}", endpoint.name);
            }
        }
    }
    assert_eq!(books(&rig).await, (5000, 0));
    Call::ordinary(&rig, &[]).goes_through().await;
}

pub(super) async fn a_method_other_than_post_is_told_so(code: &Code) {
    let rig = Rig::start().await;
    let http = reqwest::Client::new();
    for endpoint in Endpoint::ALL {
        for method in ["GET", "PUT", "DELETE"] {
            let url = format!("http://{}{}", rig.addresses.plain.unwrap(), endpoint.path);
            let body = signed(KEY, &fields_of(endpoint, &[]));
            let reply = http.request(method.parse().unwrap(), url).body(body).send().await.unwrap();
            assert_eq!(reply.status(), 200);
            code.is_in(&reply.text().await.unwrap(), "请使用post方法");
        }
    }
    assert_eq!(books(&rig).await, (5000, 0));
    Call::ordinary(&rig, &[]).goes_through().await;
}
