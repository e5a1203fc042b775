"""moto's server, with one defect mended that would hide nearly all else: conditions of rules with regular expressions.

ALBs take them since 2025, as RegexValues; moto 5.2.5 looks for Values, and answers 500 where there are none. It checks these
no further here, stores them and gives them back. Nothing else is changed.
"""

import sys

from moto.elbv2.models import ELBv2Backend
from moto.server import main


def mend(name):
    check = getattr(ELBv2Backend, name)

    def mended(self, condition):
        config = next((value for key, value in condition.items() if key.endswith("Config")), {})
        if "RegexValues" not in config:
            check(self, condition)

    setattr(ELBv2Backend, name, mended)


for field in ("host_header", "path_pattern", "http_header"):
    mend(f"_validate_{field}_condition")

main(sys.argv[1:])
