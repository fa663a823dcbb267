"""wechatpy, unmodified, over mTLS: does it take the platform for the real one?

wechatpy checks the server's certificate against REQUESTS_CA_BUNDLE, sends its certificate as a PEM
pair, reads replies with xmltodict, and raises WeChatPayException for whatever is not SUCCESS twice."""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from hongbao_dev import run
from redpack_cases import RedpackCases
from wechatpy.exceptions import WeChatPayException
from wechatpy.pay import WeChatPay

# What wechatpy calls otherwise than the wire does.
NAMES = {
    "mch_billno": "out_trade_no",
    "re_openid": "user_id",
    "partner_trade_no": "out_trade_no",
    "openid": "user_id",
    "spbill_create_ip": "client_ip",
}


class Client:
    def __init__(self, pay):
        self.pay = pay

    def sendredpack(self, fields):
        return self.pay.redpack.send(**named(fields))

    def gethbinfo(self, number):
        return self.pay.redpack.query(number)

    def sendgroupredpack(self, fields):
        return self.pay.redpack.send_group(**named(fields))

    def transfers(self, fields):
        return self.pay.transfer.transfer(**named(fields))

    def gettransferinfo(self, number):
        return self.pay.transfer.query(number)

    @staticmethod
    def refusal(error):
        assert isinstance(error, WeChatPayException), repr(error)
        return {
            "return_code": error.return_code,
            "return_msg": error.return_msg,
            "result_code": error.result_code,
            "err_code": error.errcode,
            "err_code_des": error.errmsg,
        }


def named(fields):
    return {NAMES.get(name, name): value for name, value in fields.items()}


class RedPack(RedpackCases):
    def connect(self, mch_id, api_key, has_certificate):
        pay = WeChatPay(
            appid=self.merchant["wxappid"],
            api_key=api_key,
            mch_id=mch_id,
            mch_cert=self.platform.path("apiclient_cert.pem") if has_certificate else None,
            mch_key=self.platform.path("apiclient_key.pem") if has_certificate else None,
        )
        pay.API_BASE_URL = self.platform.base_url + "/"
        return Client(pay)

    # It has no such call.
    test_send_in_a_mini_program_and_the_same_number_again = None


if __name__ == "__main__":
    run(RedPack)
