"""The stops of the tour, in their order. A new one is a class in a module here and one more entry of this list."""

from explorer.webapp.tour.stop import Stop
from explorer.webapp.tour.stops.changes import Brightness, Contrast
from explorer.webapp.tour.stops.codes import Codes
from explorer.webapp.tour.stops.details import SparseOrNoisy
from explorer.webapp.tour.stops.dimensions import Dimensions
from explorer.webapp.tour.stops.distribution import Typical, Width
from explorer.webapp.tour.stops.trusted import Trusted
from explorer.webapp.tour.stops.which import Which

__all__ = ["STOPS"]

STOPS: tuple[Stop, ...] = (
    Which(),
    Contrast(),
    Brightness(),
    SparseOrNoisy(),
    Typical(),
    Width(),
    Dimensions(),
    Codes(),
    Trusted(),
)
