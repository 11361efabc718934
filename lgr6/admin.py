from django.contrib.admin import AdminSite


class StaffDesk(AdminSite):
    pass
