"""How gunicorn serves the weak API: plain HTTP."""

workers = 2
accesslog = None
control_socket_disable = True
