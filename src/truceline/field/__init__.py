"""What observers' devices send: envelopes, the numbers of each device, forms of OpenRosa. No HTTP, no mission, no clock."""

from truceline.field.chains import Chain, settle
from truceline.field.envelopes import Opened, open_envelope, seal_envelope

__all__ = ["Chain", "Opened", "open_envelope", "seal_envelope", "settle"]
