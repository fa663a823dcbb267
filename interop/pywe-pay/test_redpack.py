"""pywe-pay, unmodified, over mTLS: does it take the platform for the real one?

pywe-pay never checks the server's certificate, makes a connection for every call, sends its certificate as a
PEM pair, reads replies with xmltodict, and raises WeChatPayException, which holds the reply, for whatever is
not SUCCESS twice. Into every send it puts client_ip, even where the official table has none."""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

import urllib3
from hongbao_dev import run
from pywe_exception import WeChatPayException
from pywe_pay import WeChatPay
from redpack_cases import RedpackCases

# What pywe-pay calls otherwise than the wire does.
NAMES = {"mch_billno": "out_trade_no", "re_openid": "openid", "partner_trade_no": "out_trade_no"}


class Client:
    def __init__(self, pay):
        self.pay = pay

    def sendredpack(self, fields):
        return self.pay.redpack.send(**named(fields))

    def gethbinfo(self, number):
        return self.pay.redpack.query(number)

    def sendgroupredpack(self, fields):
        return self.pay.redpack.send_group(**named(fields))

    def sendminiprogramhb(self, fields):
        return self.pay.redpack.send(miniprogram=True, **named(fields))

    def transfers(self, fields):
        return self.pay.transfer.transfer(**named(fields))

    def gettransferinfo(self, number):
        return self.pay.transfer.query(number)

    @staticmethod
    def refusal(error):
        assert isinstance(error, WeChatPayException), repr(error)
        (reply,) = error.args
        return reply


def named(fields):
    return {NAMES.get(name, name): value for name, value in fields.items()}


class RedPack(RedpackCases):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # Here, for the runner has filters of its own.
        urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)

    def connect(self, mch_id, api_key, has_certificate):
        pay = WeChatPay(
            appid=self.merchant["wxappid"],
            api_key=api_key,
            mch_id=mch_id,
            mch_cert=self.platform.path("apiclient_cert.pem") if has_certificate else None,
            mch_key=self.platform.path("apiclient_key.pem") if has_certificate else None,
        )
        pay.MCH_DOMAIN = self.platform.base_url
        return Client(pay)


if __name__ == "__main__":
    run(RedPack)
