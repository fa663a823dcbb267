//! The door with TLS: certificates are judged for each request, and refused in XML.

use hongbao_engine::directory::Validity;

use crate::bench::{Authority, Bench, NOON, codes, element, merchant_with};

#[tokio::test]
async fn a_certificate_counts_when_it_is_trusted_registered_and_in_its_time() {
    let bench = Bench::start().await;
    let authority = &bench.authority;
    let (good, other) = (authority.client((2014, 2015)), authority.client((2014, 2015)));
    let (expired, early) = (authority.client((2010, 2014)), authority.client((2015, 2016)));
    let withdrawn = authority.client((2014, 2015));
    let foreign = Authority::new().client((2014, 2015));
    let server_only = authority.server();
    let always = Validity::ALWAYS;
    let over = Validity { until: Some(NOON), ..always };
    let registered = [
        (&good, always),
        (&expired, always),
        (&early, always),
        (&withdrawn, over),
        (&foreign, always),
        (&server_only, always),
    ];
    bench.put_merchant(merchant_with(&registered)).await;

    let generic = "CA证书出错,请登录微信支付商户平台下载证书";
    let refused = [
        ("none", None, generic),
        ("not registered", Some(&other), generic),
        ("expired", Some(&expired), "证书已过期"),
        ("not valid yet", Some(&early), generic),
        ("withdrawn", Some(&withdrawn), generic),
        ("issued by somebody else", Some(&foreign), generic),
        ("not for clients", Some(&server_only), generic),
    ];
    for (name, identity, text) in refused {
        let reply = bench.send_over_tls(identity).await;
        assert_eq!(codes(&reply), ["SUCCESS", "FAIL", "CA_ERROR"], "{name}");
        assert_eq!((element(&reply, "return_msg"), element(&reply, "err_code_des")), (text, text), "{name}");
        assert_eq!(element(&reply, "mch_billno"), crate::bench::BILL_NO, "{name}");
    }
    bench.assert_books(0).await;
    assert_eq!(codes(&bench.send_over_tls(Some(&good)).await), ["SUCCESS"; 3]);
    bench.assert_books(1).await;
}

#[tokio::test]
async fn the_certificate_is_judged_before_the_signature_and_after_the_fields() {
    let bench = Bench::start().await;
    let identity = bench.authority.client((2014, 2015));
    bench.put_merchant(merchant_with(&[(&identity, Validity::ALWAYS)])).await;
    let url = format!("https://{}/mmpaymkttransfers/sendredpack", bench.addresses.tls.unwrap());
    let root = reqwest::Certificate::from_pem(bench.authority.pem.as_bytes()).unwrap();
    let http = reqwest::Client::builder().tls_certs_only([root]).build().unwrap();
    let wrong_key = "0123456789abcdef0123456789abcdef";
    let post = async |fields: &[(String, String)]| {
        let body = crate::bench::signed(wrong_key, fields);
        http.post(&url).body(body).send().await.unwrap().text().await.unwrap()
    };
    let sample = crate::bench::sample();
    assert_eq!(element(&post(&sample).await, "err_code"), "CA_ERROR");
    let wrong_field = crate::bench::with(&sample, &[("total_num", "2")]);
    assert_eq!(element(&post(&wrong_field).await, "err_code"), "PARAM_ERROR");
}
